package near

import (
	"slices"
	"testing"
)

func TestNames(t *testing.T) {
	events := []string{"sys_enter_open", "sys_enter_openat", "sys_enter_openat2", "sys_exit_open", "sched_switch", "sched_wakeup"}
	for _, tc := range []struct {
		want string
		near []string
	}{
		{"sys_enter_opne", []string{"sys_enter_open", "sys_enter_openat"}},
		{"sched_swich", []string{"sched_switch"}},
		{"SCHED_WAKEUP", []string{"sched_wakeup"}},
		{"switch", []string{"sched_switch"}},
		{"zzz", nil},
		{"", nil},
	} {
		if got := Names(tc.want, events); !slices.Equal(got, tc.near) {
			t.Errorf("Names(%q) = %q, want %q", tc.want, got, tc.near)
		}
	}
}

func TestHint(t *testing.T) {
	for _, tc := range []struct {
		names []string
		want  string
	}{
		{nil, ""},
		{[]string{"a"}, " (did you mean a?)"},
		{[]string{"a", "b", "c"}, " (did you mean a, b or c?)"},
	} {
		if got := Hint(tc.names); got != tc.want {
			t.Errorf("Hint(%q) = %q, want %q", tc.names, got, tc.want)
		}
	}
}
