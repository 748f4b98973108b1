package sysnr

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestName(t *testing.T) {
	for nr, want := range map[uint64]string{
		unix.SYS_READ:    "read",
		unix.SYS_OPENAT:  "openat",
		unix.SYS_OPENAT2: "openat2",
		unix.SYS_BPF:     "bpf",
		1 << 20:          "",
		1<<64 - 1:        "",
	} {
		if got := Name(nr); got != want {
			t.Errorf("Name(%d) = %q, want %q", nr, got, want)
		}
	}
}
