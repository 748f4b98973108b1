package bpf

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// The section alone tells which of the many cgroup hooks a program is for.
var (
	cgroupKind = &kind{
		name:      "cgroup",
		sections:  []string{"cgroup", "cgroup_skb"},
		anySuffix: true,
		form:      "/sys/fs/cgroup/NAME",
		resolve:   resolveCgroup,
		load:      loadForCgroup,
		attach:    attachCgroup,
		names:     func(p *point) []string { return cgroupsBeside(p.symbol) },
	}
	sockopsKind = &kind{
		name:        "sockops",
		sections:    []string{"sockops"},
		anySuffix:   true,
		form:        "/sys/fs/cgroup/NAME",
		programType: ebpf.SockOps,
		attachType:  ebpf.AttachCGroupSockOps,
		resolve:     resolveCgroup,
		attach:      attachCgroup,
		names:       func(p *point) []string { return cgroupsBeside(p.symbol) },
	}
)

// resolveCgroup takes a folder of the cgroup2 file system, or its path below the mount point.
func resolveCgroup(p *point) error {
	// The attach type does not tell: that of ingress is 0.
	if p.programType == ebpf.CGroupSKB && sectionTarget(p.section) == "skb" {
		return &predicate{"is of no direction: write SEC(\"cgroup_skb/ingress\") or SEC(\"cgroup_skb/egress\")"}
	}
	return resolveCgroupPath(p, p.where)
}

// resolveCgroupPath leaves in p.symbol where path is.
func resolveCgroupPath(p *point, path string) error {
	root := probe.Cgroup2()
	if !filepath.IsAbs(path) || !isDir(path) && root != "" && isDir(filepath.Join(root, path)) {
		path = filepath.Join(root, path)
	}
	p.symbol = path
	var fs unix.Statfs_t
	switch err := unix.Statfs(path, &fs); {
	case err != nil && root == "":
		return fmt.Errorf("the cgroup2 file system is not mounted")
	case err != nil:
		return &missing{err: &predicate{"names no cgroup"}, name: path}
	case fs.Type != unix.CGROUP2_SUPER_MAGIC:
		return fmt.Errorf("%s is no folder of the cgroup2 file system, which is mounted at %s", path, root)
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func attachCgroup(prog *ebpf.Program, p *point) (io.Closer, error) {
	l, err := link.AttachCgroup(link.CgroupOptions{Path: p.symbol, Attach: p.attachType, Program: prog})
	if errors.Is(err, unix.EINVAL) {
		return nil, errNoCgroupHook
	}
	return l, err
}

var errNoCgroupHook = errors.New("this kernel has no such hook of cgroups")

// loadForCgroup loads a program, which kernels refuse when they do not know its attach type.
func loadForCgroup(l *loader, p *point, spec *ebpf.ProgramSpec) (*ebpf.Program, error) {
	prog, err := l.loadProgram(spec)
	var refused *ebpf.VerifierError
	if errors.Is(err, unix.EINVAL) && (!errors.As(err, &refused) || len(refused.Log) == 0) {
		return nil, p.fail(errNoCgroupHook)
	}
	return prog, err
}

// cgroupsBeside lists the cgroups in the folder that path would lie in.
func cgroupsBeside(path string) []string {
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	return names
}
