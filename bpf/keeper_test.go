package bpf

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestKeeper: the child is in a session of its own, so that Ctrl-C at a terminal ends the parent alone, and says why it could not undo.
func TestKeeper(t *testing.T) {
	k, err := startKeeper("sockets", "0") // of none
	if err != nil {
		t.Fatal(err)
	}
	pid := k.child.Process.Pid
	if session, err := unix.Getsid(pid); err != nil || session != pid {
		t.Errorf("process %d is in session %d, %v", pid, session, err)
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
	k, err = startKeeper("sockets", "nonsense")
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err == nil || !strings.Contains(err.Error(), "read what to detach") {
		t.Errorf("got %v", err)
	}
}
