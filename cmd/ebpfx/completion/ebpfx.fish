# fish completion for ebpfx. To use it now and in new shells:
#   ebpfx completion fish > ~/.config/fish/completions/ebpfx.fish
complete -c ebpfx -f -a '(ebpfx completion --words -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
complete -c ebpfx -s f -l file -r -F
complete -c ebpfx -s P -l project -x -a '(__fish_complete_directories)'
