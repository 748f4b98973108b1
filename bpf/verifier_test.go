package bpf_test

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf"
)

// TestVerifierReason: whatever a kernel writes around the reason, that is what the error gives.
func TestVerifierReason(t *testing.T) {
	for _, tc := range []struct {
		name, log string
		last      string // line of the log
		reason    string // in the error
	}{
		{"statistics",
			"0: (b7) r0 = 0\nR0 leaks addr\nprocessed 6 insns (limit 1000000) max_states_per_insn 0\n\n",
			"R0 leaks addr", "R0 leaks addr"},
		{"report",
			"6: (7b) *(u64 *)(r0 +0) = r1\nR0 invalid mem access 'ringbuf_mem_or_null'\n\n" +
				"Verification failed: Register Type Safety: Invalid dereference\n\nReason:\n  R0 may be NULL here.\n\n" +
				"Suggestion:\n  Add a NULL check before the access.\n\nprocessed 6 insns (limit 1000000)",
			"R0 invalid mem access 'ringbuf_mem_or_null'", "R0 invalid mem access 'ringbuf_mem_or_null'"},
		{"field",
			"1: (85) call unknown#195896080\ninvalid func unknown#195896080\nprocessed 2 insns",
			"invalid func unknown#195896080", "it uses a field, type or enumerator that this kernel does not have"},
		{"helper",
			"1: (85) call unknown#174\ninvalid func unknown#174\nprocessed 2 insns",
			"invalid func unknown#174", "it calls bpf_get_attach_cookie, which this kernel does not have"},
		{"helper of the future",
			"invalid func unknown#99999",
			"invalid func unknown#99999", "it calls helper 99999, which this kernel does not have"},
		{"nothing but statistics", "processed 2 insns", "", "invalid argument"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &bpf.VerifierError{Program: "p", Log: strings.Split(tc.log, "\n"), Err: unix.EINVAL}
			if got := strings.Join(e.Last(1), "\n"); got != tc.last {
				t.Errorf("the last line is %q, want %q", got, tc.last)
			}
			if want := "the kernel's verifier refuses program p: " + tc.reason; e.Error() != want {
				t.Errorf("got %s, want %s", e, want)
			}
		})
	}
}
