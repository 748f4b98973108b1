package probe

import (
	"slices"
	"strings"
	"testing"
)

func TestKernel(t *testing.T) {
	got := Kernel()
	release, major, _ := Release()
	if !strings.HasPrefix(got, "Linux "+release+" ") || major < 4 || strings.Contains(got, "\n") {
		t.Errorf("got %q", got)
	}
	for _, a := range abilities {
		if !strings.Contains(got, a.name) {
			t.Errorf("%q does not tell of %s", got, a.name)
		}
	}
	t.Log(got)
}

func TestChecks(t *testing.T) {
	names := make(map[string]bool)
	for _, c := range Checks() {
		if c.Name == "" || c.Detail == "" || names[c.Name] {
			t.Errorf("%+v", c)
		}
		if c.OK != (c.Fix == "") {
			t.Errorf("%s: what is wrong has a fix, what is right needs none: %+v", c.Name, c)
		}
		names[c.Name] = true
	}
}

func TestParseCPUs(t *testing.T) {
	for list, want := range map[string][]int{
		"0":         {0},
		"0-3":       {0, 1, 2, 3},
		"0-1,4,6-7": {0, 1, 4, 6, 7},
		"":          nil,
		"x":         nil,
		"1-":        nil,
		"0-9999999": nil,
	} {
		if got := parseCPUs(list); !slices.Equal(got, want) {
			t.Errorf("parseCPUs(%q) = %v, want %v", list, got, want)
		}
	}
}

func TestMissing(t *testing.T) {
	if Has(CapSysAdmin) {
		if got := Missing(CapBPF, CapPerfmon); len(got) != 0 {
			t.Errorf("with %v: missing %v", CapSysAdmin, got)
		}
	} else if got := Missing(CapSysAdmin); !slices.Equal(got, []Capability{CapSysAdmin}) {
		t.Errorf("missing %v", got)
	}
}
