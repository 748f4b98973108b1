#compdef ebpfx
# zsh completion for ebpfx. To use it now and in new shells, with the folder on $fpath:
#   ebpfx completion zsh > ~/.zfunc/_ebpfx
_ebpfx() {
    local -a candidates
    candidates=("${(@f)$("${words[1]}" completion --words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -z "${candidates[*]}" ]]; then
        _files
        return
    fi
    candidates=("${(@)candidates//:/\\:}")
    candidates=("${(@)candidates/$'\t'/:}")
    _describe ebpfx candidates
}
if [[ "${funcstack[1]}" == _ebpfx ]]; then
    _ebpfx "$@"
else
    compdef _ebpfx ebpfx
fi
