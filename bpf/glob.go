package bpf

import "strings"

// isPattern reports whether a name of a function stands for several.
func isPattern(name string) bool { return strings.ContainsAny(name, "*?") }

// matches reports whether a name is of a pattern in which * stands for any text and ? for one byte, as libbpf's glob_match has it.
func matches(pattern, name string) bool {
	star, resume := -1, 0 // where the last * was, and what of name it has to swallow next
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			resume++
			p, n = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
