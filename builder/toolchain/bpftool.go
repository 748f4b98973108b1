package toolchain

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNoBpftool is the cause of every error that FindBpftool returns when there is none that works.
var ErrNoBpftool = errors.New("no bpftool")

// FindBpftool returns the path of a bpftool that works. It looks on PATH, where administrators have it
// (Debian's /usr/sbin is not on everybody's PATH), and where Ubuntu keeps one for each kernel.
func FindBpftool(ctx context.Context) (path, version string, err error) {
	candidates := []string{"bpftool", "/usr/sbin/bpftool", "/usr/local/sbin/bpftool", "/sbin/bpftool"}
	for _, pattern := range []string{"/usr/lib/linux-tools/*/bpftool", "/usr/lib/linux-tools-*/bpftool"} {
		kernels, _ := filepath.Glob(pattern)
		slices.Reverse(kernels)
		candidates = append(candidates, kernels...)
	}
	for _, name := range candidates {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		// Ubuntu's /usr/sbin/bpftool is a script that fails where the running
		// kernel's tools are not installed.
		out, err := Run(ctx, "", path, "version")
		if ctx.Err() != nil {
			return "", "", ctx.Err()
		}
		if err == nil {
			version, _, _ := strings.Cut(string(out.Stdout), "\n")
			return path, version, nil
		}
	}
	return "", "", &missing{what: "find bpftool", why: "it is not installed", fix: InstallCommand(PackageBpftool), cause: ErrNoBpftool}
}
