package stack

import (
	"os"
	"testing"

	"github.com/ebpfx/ebpfx/bpf"
)

func TestFold(t *testing.T) {
	got := Fold([]string{"my app"}, []string{"inner(a; b)", "main"}, nil, []string{"vfs_read", "do_syscall_64"}, []string{"", "a\nb"})
	if want := "my app;main;inner(a: b);do_syscall_64;vfs_read;a b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := Fold(); got != "" {
		t.Errorf("nothing is %q", got)
	}
}

// What has no name is told as the number that it is.
func TestUnknown(t *testing.T) {
	var n Names
	for got, want := range map[string]string{
		n.KernelName(7, false):                         "0x7",
		n.KernelName(7, true):                          "0x7",
		n.UserName(os.Getpid(), 9, false):              "0x9",
		n.UserName(1<<30, 1<<40, true):                 "0x10000000000",
		n.KernelFrames(make([]bpf.Frame, 1), false)[0]: "0x0",
		n.UserFrames(0, []bpf.Frame{{BuildID: []byte{1, 2, 3}, Offset: 16}}, true)[0]:  "buildid:010203+0x10",
		n.UserFrames(0, []bpf.Frame{{BuildID: []byte{1, 2, 3}, Offset: 16}}, false)[0]: "[buildid:010203]",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
