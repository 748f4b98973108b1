package main

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestArrange(t *testing.T) {
	app := newApp(newConsole(io.Discard, io.Discard))
	for _, test := range []struct{ in, want string }{
		{"ebpfx", "ebpfx"},
		{"ebpfx list", "ebpfx list"},
		{"ebpfx new demo --template xdp", "ebpfx new --template xdp -- demo"},
		{"ebpfx new demo --template=xdp -q", "ebpfx new --template=xdp -q -- demo"},
		{"ebpfx -o json build a -v b -t 5s c", "ebpfx -o json build -v -t 5s -- a b c"},
		{"ebpfx build a -- -v", "ebpfx build -- a -v"},
		{"ebpfx build - -v", "ebpfx build -v -- -"},
		// The parser is to see that there is no value.
		{"ebpfx build a -t", "ebpfx build -t"},
		{"ebpfx run tool.o -q -t", "ebpfx run -q -t"},
		// What is no flag of ours is for the parser to complain about.
		{"ebpfx build a --nonsense b", "ebpfx build --nonsense -- a b"},
		{"ebpfx nonsense a -v", "ebpfx nonsense a -v"},
		{"ebpfx -- build a -v", "ebpfx -- build a -v"},
		// A verb's name may be the value of a flag.
		{"ebpfx -P build list x -v", "ebpfx -P build list -v -- x"},
		// The arguments of run are the script's.
		{"ebpfx run -t 5s uprobe --fast -v", "ebpfx run -t 5s uprobe --fast -v"},
		{"ebpfx -v run -- --x", "ebpfx -v run -- --x"},
		// With a file in the place of a project they are, save for flags of ours.
		{"ebpfx run tool.bpf.o", "ebpfx run -- tool.bpf.o"},
		{"ebpfx run tool.bpf.c --targ_pid 5 -t 5s --full", "ebpfx run -t 5s -- tool.bpf.c --targ_pid 5 --full"},
		{"ebpfx run -v a/tool.o --comm=x -o json --min -5", "ebpfx run -v -o json -- a/tool.o --comm=x --min -5"},
		{"ebpfx run tool.o --attach a=b --attach=c=d -e x --help", "ebpfx run --attach a=b --attach=c=d -e x --help -- tool.o"},
		{"ebpfx run tool.o -q -- --verbose -v", "ebpfx run -q -- tool.o --verbose -v"},
		{"ebpfx run -- tool.o --verbose", "ebpfx run -- tool.o --verbose"},
		{"ebpfx run -f p.lua tool.o -t 5s", "ebpfx run -f p.lua tool.o -t 5s"},
		{"ebpfx run --project=p tool.o -t 5s", "ebpfx run --project=p tool.o -t 5s"},
		{"ebpfx run uprobe tool.o -t 5s", "ebpfx run uprobe tool.o -t 5s"},
		{"ebpfx run .o -t 5s", "ebpfx run .o -t 5s"},
	} {
		got := strings.Join(arrange(app, strings.Fields(test.in)), " ")
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.in, diff)
		}
	}
}

// FuzzArrange checks that no argument is lost or invented, whatever the line.
func FuzzArrange(f *testing.F) {
	f.Add("new demo --template xdp")
	f.Add("run -t 5s -- a -b")
	f.Add("-o json build -- -v")
	f.Add("run tool.o --x 1 -t 5s -- -v")
	app := newApp(newConsole(io.Discard, io.Discard))
	f.Fuzz(func(t *testing.T, line string) {
		args := append([]string{"ebpfx"}, strings.Split(line, " ")...)
		count := func(args []string) map[string]int {
			n := make(map[string]int)
			for _, a := range args {
				if a != "--" {
					n[a]++
				}
			}
			return n
		}
		arranged := arrange(app, args)
		if verb := verbIndex(app, args); verb >= 0 {
			if cmd := app.Command(args[verb]); cmd != nil && takesNext(cmd.Flags, arranged[len(arranged)-1]) && len(arranged) < len(args) {
				return // a flag without a value, which is an error whatever else there is
			}
		}
		// A second -- is an argument like any other, but not worth a model here.
		if diff := cmp.Diff(count(args), count(arranged)); diff != "" {
			t.Errorf("%q (-before +after):\n%s", args, diff)
		}
	})
}
