package luart

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ebpfx/ebpfx/builder"
)

// A plain table that is given large keys with gaps between them is told of, once in a run, with the place and map() as the way out.
func TestSparseTable(t *testing.T) {
	const way = " and none before it takes 8 MB; where keys are PIDs, addresses or the like, map() in place of {} takes what they need"
	for _, test := range []struct {
		name, body string
		want       []string
	}{
		{"PIDs", "local seen = {}\nfor i = 1, 2 do seen[i * 524289] = 1 end\nlocal t = {} t[tonumber('900000')] = 1",
			[]string{"project.lua:3: a plain table with the key 524289" + way}},
		{"a list", "local t = {} for i = 1, 600000 do t[i] = i end for i = 1, 10 do t[#t + 1] = i t[600000 + i] = 1 end", nil},
		{"a map", "local m = map() for i = 1, 3 do m[i * 300001] = 1 end", nil},
		{"keys that are no part of the array", "local t = {} for i = 1, 3 do t[i * 1e7] = 1 t[2 ^ 60 + i] = 2 t[300000.5] = 3 t['300001'] = 4 end", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := loadText(t, "entry(function()\n"+test.body+"\nend)", LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var notices []string
			err = s.Run(t.Context(), nil, RunOptions{
				Build:  func(context.Context, *builder.Target) (string, error) { return "", errors.New("nothing is built here") },
				Notice: func(text string) { notices = append(notices, text) },
			})
			for i, n := range notices {
				notices[i] = n[max(0, strings.Index(n, "project.lua:")):] // without its folder
			}
			if err != nil || !slices.Equal(notices, test.want) {
				t.Errorf("notices %q, %v; want %q", notices, err, test.want)
			}
		})
	}
}
