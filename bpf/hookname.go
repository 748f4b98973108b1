package bpf

import (
	"slices"
	"strings"
	"sync"
)

// successors are functions and tracepoints of the kernel that came in place of others, the newest first. Tools carry a program
// for each, and on some kernels several are there, one calling the other.
var successors = [][]string{
	{"block_io_start", "__blk_account_io_start", "blk_account_io_start"}, // 6.5; 5.16
	{"block_io_done", "__blk_account_io_done", "blk_account_io_done"},
	{"writeback_dirty_folio", "folio_account_dirtied", "account_page_dirtied"}, // 5.16
	{"filemap_add_folio", "add_to_page_cache_lru"},                             // 5.16
	{"filemap_alloc_folio", "__page_cache_alloc"},                              // 5.16
	{"do_sys_openat2", "do_sys_open"},                                          // 5.6
	{"kernel_clone", "_do_fork", "do_fork"},                                    // 5.10; 4.2
}

// hookName is the name of a function or tracepoint, as far as it tells whether programs are alternatives.
type hookName struct {
	key string // the same for all names of one thing
	age int    // 0 for the newest of them
}

// Words that come and go in names without making them names of something else.
var (
	// Since 5.16 pages become folios, at times at another place of the name. Since 6.10 functions that allocate are wrapped in
	// macros, and have a name of their own.
	newerWords = []string{"folio", "noprof"}
	// With lock debugging, locks are taken by functions of other names.
	debugWords = []string{"nested"}
	// Placeholders that the C side of a tool replaces: fentry/dummy_fentry beside kprobe/dummy_kprobe.
	kindWords = []string{"fentry", "fexit", "kprobe", "kretprobe"}
)

// nameHook reads a symbol.
func nameHook(symbol string) hookName {
	name := hookName{key: plainName(symbol), age: 1}
	if slices.ContainsFunc(strings.Split(symbol, "_"), func(w string) bool { return slices.Contains(newerWords, w) }) {
		name.age = 0
	}
	if newest, ok := succession()[name.key]; ok {
		return hookName{key: newest.key, age: 2*newest.age + name.age}
	}
	return name
}

// succession is successors by plain name: the plain name of the newest, and the place in the list.
var succession = sync.OnceValue(func() map[string]hookName {
	all := make(map[string]hookName)
	for _, list := range successors {
		for i, name := range list {
			all[plainName(name)] = hookName{key: plainName(list[0]), age: i}
		}
	}
	return all
})

// plainName drops the words that make no difference.
func plainName(symbol string) string {
	words := slices.DeleteFunc(strings.Split(symbol, "_"), func(w string) bool {
		return w == "noprof" || slices.Contains(debugWords, w) || slices.Contains(kindWords, w)
	})
	if i := slices.Index(words, "folio"); i >= 0 {
		words[i] = "page"
	}
	if slices.Contains(words, "page") {
		slices.Sort(words)
	}
	return strings.Join(words, "_")
}

// renamed returns the names among have that symbol is now called by, or was.
func renamed(symbol string, have []string) []string {
	key := nameHook(symbol).key
	words := []string{longestWord(symbol)}
	for name, s := range succession() {
		if s.key == key {
			words = append(words, longestWord(name))
		}
	}
	var found []string
	for _, name := range have {
		// To look at each of the kernel's functions closely takes its time.
		near := slices.ContainsFunc(words, func(w string) bool { return w != "" && strings.Contains(name, w) })
		if near && name != symbol && nameHook(name).key == key {
			found = append(found, name)
		}
	}
	return found
}

// longestWord returns the longest word of a symbol that is in all names of the same thing.
func longestWord(symbol string) string {
	var longest string
	for _, w := range strings.Split(plainName(symbol), "_") {
		if w != "page" && len(w) > len(longest) {
			longest = w
		}
	}
	return longest
}
