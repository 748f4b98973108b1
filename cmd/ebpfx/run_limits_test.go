package main

import "testing"

func TestParseSize(t *testing.T) {
	for text, want := range map[string]uint64{
		"0": 0, "1": 1, "512M": 512 << 20, "2G": 2 << 30, "2g": 2 << 30, "64KiB": 64 << 10, "3MB": 3 << 20, "1T": 1 << 40, "100B": 100,
	} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "M", "-1", "1.5G", "99999999999G", "2 G", "1P", "x"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q: %d, want an error", text, got)
		}
	}
}

func TestMachineMemory(t *testing.T) {
	if n := machineMemory(); n < 1<<26 || n > 1<<50 {
		t.Errorf("the machine has %d bytes", n)
	}
}
