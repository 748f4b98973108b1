package toolchain

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// Package is something that a distribution installs as one.
type Package int

// Packages that a build may need.
const (
	PackageClang         Package = iota
	PackageLibbpf                // headers of libbpf: bpf/bpf_helpers.h and its kin
	PackageKernelHeaders         // the kernel's headers for user space: linux/bpf.h, asm/types.h
	PackageBpftool
)

// distribution knows how a family of distributions installs packages.
type distribution struct {
	ids     []string // of os-release(5), ID or ID_LIKE
	install string
	names   [4]string // by Package
}

var distributions = []distribution{
	// Ubuntu before Debian, which it is like: its bpftool comes with the kernel's tools.
	{[]string{"ubuntu"}, "apt-get install -y", [...]string{"clang", "libbpf-dev", "linux-libc-dev", "linux-tools-common linux-tools-generic"}},
	{[]string{"debian"}, "apt-get install -y", [...]string{"clang", "libbpf-dev", "linux-libc-dev", "bpftool"}},
	{[]string{"fedora", "rhel", "centos", "amzn"}, "dnf install -y", [...]string{"clang", "libbpf-devel", "kernel-headers", "bpftool"}},
	{[]string{"alpine"}, "apk add", [...]string{"clang", "libbpf-dev", "linux-headers", "bpftool"}},
	{[]string{"arch"}, "pacman -S --needed", [...]string{"clang", "libbpf", "linux-api-headers", "bpf"}},
	{[]string{"suse", "opensuse"}, "zypper install -y", [...]string{"clang", "libbpf-devel", "linux-glibc-devel", "bpftool"}},
}

// plainNames are said where the distribution is not known.
var plainNames = [...]string{"clang", "libbpf's headers (libbpf-dev or libbpf-devel)", "the kernel's headers for user space", "bpftool"}

// InstallCommand returns the shell command that installs packages on this distribution, with sudo when
// that is needed. On one that is not known it is a sentence that names them.
func InstallCommand(packages ...Package) string {
	return installCommand(readOSRelease(), os.Geteuid() == 0, packages)
}

func installCommand(ids []string, root bool, packages []Package) string {
	names := func(of [4]string, sep string) string {
		var list []string
		for _, p := range packages {
			list = append(list, of[p])
		}
		return strings.Join(list, sep)
	}
	for _, id := range ids {
		for _, d := range distributions {
			for _, known := range d.ids {
				if id != known {
					continue
				}
				command := d.install + " " + names(d.names, " ")
				if !root {
					command = "sudo " + command
				}
				return command
			}
		}
	}
	return "install " + names(plainNames, " and ")
}

// readOSRelease returns the names that the distribution goes by, its own first.
func readOSRelease() []string {
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		if f, err := os.Open(path); err == nil {
			defer f.Close()
			return parseOSRelease(bufio.NewScanner(f))
		}
	}
	return nil
}

func parseOSRelease(lines *bufio.Scanner) []string {
	var id, like []string
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), "=")
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		switch key {
		case "ID":
			id = strings.Fields(value)
		case "ID_LIKE":
			like = strings.Fields(value)
		}
	}
	return append(id, like...)
}

// missing is the error for a piece that is not there: what was being done, why
// it cannot be, and what to do.
type missing struct {
	what, why, fix string
	cause          error
}

func (m *missing) Error() string {
	text := fmt.Sprintf("%s: %s", m.what, m.why)
	if m.fix != "" {
		text += "; to get it: " + m.fix
	}
	return text
}

func (m *missing) Unwrap() error { return m.cause }
