package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ebpfx/ebpfx/builder/vmlinux/internal/manifest"
)

// series are the kernels to merge, in that order. The base is not the newest: sources
// in the field are written against older kernels, some have locals of a struct whose
// newest size overflows their stack. "" is the newest that there is.
var series = []string{"6.18", "", "6.12", "6.1", "5.10"}

// suites hold them: 5.10, 6.1, 6.12, and what is newer.
const suites = `deb http://deb.debian.org/debian-security bullseye-security main
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian trixie main
deb http://deb.debian.org/debian trixie-backports main
`

// fetchDebian returns the kernels of series from Debian.
func fetchDebian(ctx context.Context) ([]kernel, error) {
	apt, err := newApt(ctx)
	if err != nil {
		return nil, err
	}
	defer apt.close()
	packages, err := apt.kernels(ctx)
	if err != nil {
		return nil, err
	}
	var kernels []kernel
	for _, s := range series {
		p, err := newest(packages, s)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(kernels, func(k kernel) bool { return k.Release == p.release }) {
			continue
		}
		fmt.Println("fetching", p.name)
		k, err := apt.fetch(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("fetch %s: %w", p.name, err)
		}
		kernels = append(kernels, k)
	}
	return kernels, nil
}

// pkg is a package that has a kernel's image.
type pkg struct {
	name    string
	release string // as uname -r has it
}

// kernelPackage matches the images built for virtual machines: half the size of the
// others, with the same types but for drivers. Since 6.19 the image is in linux-binary,
// and linux-image of the same release only depends on it.
var kernelPackage = regexp.MustCompile(`^linux-(?:image|binary)-(\d+\.\d+\S*-cloud-amd64)$`)

// newest returns the newest of packages that belongs to series.
func newest(packages []pkg, series string) (pkg, error) {
	var found pkg
	for _, p := range packages {
		if series != "" && !strings.HasPrefix(p.release, series+".") {
			continue
		}
		order := compareVersions(p.release, found.release)
		if order > 0 || order == 0 && strings.HasPrefix(p.name, "linux-binary-") {
			found = p
		}
	}
	if found.name == "" {
		return pkg{}, fmt.Errorf("no kernel %s in Debian's suites any more: give the BTF of one with -btf", series)
	}
	return found, nil
}

var digits = regexp.MustCompile(`\d+`)

// compareVersions compares the numbers in a and b from the left.
func compareVersions(a, b string) int {
	return slices.CompareFunc(digits.FindAllString(a, -1), digits.FindAllString(b, -1), func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return cmp.Compare(x, y)
	})
}

// apt reads Debian's archives, with nothing of the system's configuration.
type apt struct {
	dir     string // of its state, removed in the end
	options []string
}

func newApt(ctx context.Context) (*apt, error) {
	dir, err := os.MkdirTemp("", "vmlinux-apt-")
	if err != nil {
		return nil, err
	}
	a := &apt{dir: dir}
	if err := a.setUp(ctx); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func (a *apt) close() { os.RemoveAll(a.dir) }

func (a *apt) setUp(ctx context.Context) error {
	for _, sub := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(a.dir, sub), 0o755); err != nil {
			return err
		}
	}
	sources := filepath.Join(a.dir, "sources.list")
	if err := os.WriteFile(sources, []byte(suites), 0o644); err != nil {
		return err
	}
	for _, option := range []string{
		"Dir::Etc::sourcelist=" + sources,
		"Dir::Etc::sourceparts=-",
		"Dir::State=" + a.dir,
		"Dir::State::lists=" + filepath.Join(a.dir, "lists"),
		"Dir::State::status=/dev/null",
		"Dir::Cache=" + filepath.Join(a.dir, "cache"),
		"APT::Architecture=amd64",
		"APT::Architectures=amd64",
		"APT::Sandbox::User=",
		"Acquire::Languages=none",
	} {
		a.options = append(a.options, "-o", option)
	}
	_, err := a.run(ctx, "apt-get", "-qq", "update")
	return err
}

func (a *apt) run(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, slices.Concat(a.options, args)...)
	cmd.Dir = a.dir
	return output(cmd)
}

// kernels returns the packages with kernels in all suites.
func (a *apt) kernels(ctx context.Context) ([]pkg, error) {
	names, err := a.run(ctx, "apt-cache", "pkgnames", "linux-")
	if err != nil {
		return nil, err
	}
	var packages []pkg
	for _, name := range strings.Fields(string(names)) {
		if match := kernelPackage.FindStringSubmatch(name); match != nil {
			packages = append(packages, pkg{name: name, release: match[1]})
		}
	}
	return packages, nil
}

func (a *apt) fetch(ctx context.Context, p pkg) (kernel, error) {
	if _, err := a.run(ctx, "apt-get", "-qq", "download", p.name); err != nil {
		return kernel{}, err
	}
	files, err := filepath.Glob(filepath.Join(a.dir, p.name+"_*.deb"))
	if err != nil {
		return kernel{}, err
	}
	if len(files) != 1 {
		return kernel{}, fmt.Errorf("apt-get download left %d packages", len(files))
	}
	image, err := imageOf(ctx, files[0])
	if err != nil {
		return kernel{}, err
	}
	raw, err := btfOfImage(ctx, image)
	if err != nil {
		return kernel{}, err
	}
	version := strings.Split(filepath.Base(files[0]), "_")[1]
	number := digits.FindAllString(p.release, 2)
	return kernel{
		Kernel: manifest.Kernel{
			Name:    strings.Join(number, "."),
			Release: p.release,
			Package: p.name + " " + version,
		},
		btf: raw,
	}, nil
}

// imageOf returns the kernel's image in a package.
func imageOf(ctx context.Context, file string) ([]byte, error) {
	archive, err := output(exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", file))
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the package has no vmlinuz")
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag == tar.TypeReg && strings.HasPrefix(path.Base(h.Name), "vmlinuz") {
			return io.ReadAll(r)
		}
	}
}
