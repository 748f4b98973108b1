package procmaps

import (
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const text = `00400000-00452000 r-xp 00001000 08:02 173521     /usr/bin/with a blank\012and more (deleted)
00651000-00652000 r--p 00051000 08:02 173521 /usr/bin/data
7f0000000000-7f0000001000 rwxp 00000000 00:00 0
7f0000002000-7f0000003000 rwxp 00000000 00:01 99 /memfd:doublemapper (deleted)
7f0000004000-7f0000005000 rwxp 00000000 00:00 0 [anon:jit]
7ffe0000-7ffe1000 r-xp 00000000 00:00 0          [vdso]
nonsense
x-y r-xp z 00:00 0
9-8 r-xp 0 00:00 0
`
	var got []string
	for _, m := range Parse([]byte(text)) {
		got = append(got, fmt.Sprintf("%x-%x %x %s %d %q %v", m.Start, m.End, m.Offset, m.Device, m.Inode, m.Path, m.Deleted))
	}
	want := []string{
		`400000-452000 1000 08:02 173521 "/usr/bin/with a blank\nand more" true`,
		`7f0000000000-7f0000001000 0 00:00 0 "" false`,
		`7f0000002000-7f0000003000 0 00:01 99 "/memfd:doublemapper" true`,
		`7f0000004000-7f0000005000 0 00:00 0 "[anon:jit]" false`,
		`7ffe0000-7ffe1000 0 00:00 0 "[vdso]" false`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("00400000-00452000 r-xp 00001000 08:02 173521     /usr/bin/sh (deleted)\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, m := range Parse(text) {
			if m.Start >= m.End {
				t.Errorf("%+v is empty", m)
			}
		}
	})
}
