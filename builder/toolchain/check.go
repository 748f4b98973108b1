package toolchain

import (
	"context"
	"errors"
)

// Check is one thing that a build needs, looked at.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Needed bool   `json:"needed"`        // false: a build works without it
	Detail string `json:"detail"`        // what was found, or what is wrong
	Fix    string `json:"fix,omitempty"` // the command that mends it; "" when OK, or none does
}

// Checks looks at everything that a build may need. clang is as for FindClang.
func Checks(ctx context.Context, clang string) []Check {
	return []Check{
		checkClang(ctx, clang),
		checkHeader("libbpf headers", "bpf/bpf_helpers.h", PackageLibbpf),
		checkHeader("kernel headers", "linux/bpf.h", PackageKernelHeaders),
		// Not beside linux/bpf.h on Debian, and the one most often missed with -target bpf.
		checkHeader("asm headers", "asm/types.h", PackageKernelHeaders),
		checkBpftool(ctx),
	}
}

func checkClang(ctx context.Context, name string) Check {
	c := Check{Name: "clang", Needed: true}
	clang, _, err := FindClang(ctx, name, nil)
	if err != nil {
		return c.failed(err)
	}
	c.OK, c.Detail = true, clang.Version+" ("+clang.Path+")"
	return c
}

func checkHeader(name, header string, from Package) Check {
	c := Check{Name: name, Needed: true}
	if path := FindHeader(header); path != "" {
		c.OK, c.Detail = true, path
		return c
	}
	return c.failed(&missing{what: "find " + header, why: "it is not installed", fix: InstallCommand(from)})
}

func checkBpftool(ctx context.Context) Check {
	c := Check{Name: "bpftool"}
	path, version, err := FindBpftool(ctx)
	if err != nil {
		c = c.failed(err)
		c.Detail += " (it links several sources into one object)"
		return c
	}
	c.OK, c.Detail = true, version+" ("+path+")"
	return c
}

// failed sets Detail and Fix from err.
func (c Check) failed(err error) Check {
	c.Detail = err.Error()
	if m := (*missing)(nil); errors.As(err, &m) {
		c.Detail, c.Fix = m.what+": "+m.why, m.fix
	}
	return c
}
