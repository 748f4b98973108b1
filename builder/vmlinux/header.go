package vmlinux

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/ebpfx/ebpfx/builder/vmlinux/internal/manifest"
	"github.com/ebpfx/ebpfx/builder/vmlinux/internal/presence"
)

//go:embed data
var data embed.FS

// ErrArch is what errors match that refuse an architecture without a merged header.
var ErrArch = errors.New("no merged vmlinux.h for this architecture")

// Header returns the merged header for arch and its version, as [Version] does. arch
// is the kernel's name of it, as in __TARGET_ARCH_x86. The caller owns the bytes.
func Header(arch string) (text []byte, version string, err error) {
	m, err := readManifest(arch)
	if err != nil {
		return nil, "", err
	}
	text, err = inflate(manifest.HeaderFile(arch))
	if err != nil {
		return nil, "", fmt.Errorf("read vmlinux.h for %s: %w", arch, err)
	}
	return text, m.Version, nil
}

// Version returns a hash of the merged header's text in hexadecimal, without
// unpacking it: it changes exactly when the text does.
func Version(arch string) (string, error) {
	m, err := readManifest(arch)
	if err != nil {
		return "", err
	}
	return m.Version, nil
}

// Kernels returns the releases that the merged header for arch was made from; the
// first is the one whose sizes and values it has.
func Kernels(arch string) ([]string, error) {
	m, err := readManifest(arch)
	if err != nil {
		return nil, err
	}
	var releases []string
	for _, k := range m.Kernels {
		releases = append(releases, k.Release)
	}
	return releases, nil
}

func readManifest(arch string) (*manifest.Manifest, error) {
	text, err := data.ReadFile("data/" + manifest.File(arch))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return nil, fmt.Errorf("%w: %q (there is: %s); take a kernel's own with set_btf", ErrArch, arch, strings.Join(arches(), ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("read vmlinux.h for %s: %w", arch, err)
	}
	m := new(manifest.Manifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("read vmlinux.h for %s: %w", arch, err)
	}
	return m, nil
}

// arches returns the architectures that have a merged header.
func arches() []string {
	var names []string
	entries, _ := data.ReadDir("data")
	for _, e := range entries {
		if arch, ok := strings.CutSuffix(e.Name(), manifest.File("")); ok {
			names = append(names, arch)
		}
	}
	slices.Sort(names)
	return names
}

func inflate(name string) ([]byte, error) {
	packed, err := data.ReadFile("data/" + name)
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	// The last word of a gzip file is the size of what is in it (RFC 1952).
	var text bytes.Buffer
	text.Grow(int(binary.LittleEndian.Uint32(packed[len(packed)-4:])) + bytes.MinRead)
	if _, err := text.ReadFrom(r); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// members returns what is known of the kernels for arch's merged header. It is read once.
func members(arch string) (*presence.Table, error) {
	if _, err := readManifest(arch); err != nil {
		return nil, err
	}
	tables.Lock()
	defer tables.Unlock()
	if t := tables.byArch[arch]; t != nil {
		return t, nil
	}
	text, err := inflate(manifest.MembersFile(arch))
	if err != nil {
		return nil, fmt.Errorf("read members for %s: %w", arch, err)
	}
	t, err := presence.Decode(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read members for %s: %w", arch, err)
	}
	tables.byArch[arch] = t
	return t, nil
}

var tables = struct {
	sync.Mutex
	byArch map[string]*presence.Table
}{byArch: make(map[string]*presence.Table)}
