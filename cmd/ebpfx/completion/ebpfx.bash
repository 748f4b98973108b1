# bash completion for ebpfx. To use it now and in new shells:
#   ebpfx completion bash > ~/.local/share/bash-completion/completions/ebpfx
_ebpfx() {
    local IFS=$'\n'
    COMPREPLY=($("${COMP_WORDS[0]}" completion --words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _ebpfx ebpfx
