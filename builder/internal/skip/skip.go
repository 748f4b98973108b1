// Package skip is how tests say that this machine cannot run them.
package skip

import (
	"os"
	"testing"
)

// Unless skips the test with err as the reason, unless that is nil. With EBPFX_REQUIRE_KERNEL=1, as in
// CI, where the machine is known to be able, that fails the test.
func Unless(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("EBPFX_REQUIRE_KERNEL") == "1":
		t.Fatalf("EBPFX_REQUIRE_KERNEL is set, but this test cannot run: %v", err)
	default:
		t.Skip(err)
	}
}
