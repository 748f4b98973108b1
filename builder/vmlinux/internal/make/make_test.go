package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/builder/vmlinux/internal/manifest"
)

// image returns a bzImage with a payload.
func image(payload []byte) []byte {
	const sectors, offset = 2, 100
	b := make([]byte, (sectors+1)*512+offset)
	b[setupSectors] = sectors
	copy(b[headerMagic:], "HdrS")
	binary.LittleEndian.PutUint32(b[payloadOffset:], offset)
	binary.LittleEndian.PutUint32(b[payloadLength:], uint32(len(payload)))
	return append(append(b, payload...), "what follows the payload"...)
}

func TestUnpackImage(t *testing.T) {
	content := []byte(strings.Repeat("a kernel ", 1000))
	pipe := func(t *testing.T, command ...string) []byte {
		path, err := exec.LookPath(command[0])
		if err != nil {
			t.Skipf("%s is not installed", command[0])
		}
		cmd := exec.Command(path, command[1:]...)
		cmd.Stdin = bytes.NewReader(content)
		packed, err := output(cmd)
		if err != nil {
			t.Fatal(err)
		}
		return append(packed, 0, 0, 0, 0) // the size, which the kernel's build appends
	}
	for name, pack := range map[string]func(t *testing.T) []byte{
		"gzip": func(t *testing.T) []byte {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			if _, err := w.Write(content); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			return b.Bytes()
		},
		"xz":   func(t *testing.T) []byte { return pipe(t, "xz", "--check=crc32", "-c") },
		"zstd": func(t *testing.T) []byte { return pipe(t, "zstd", "-c") },
		"lz4":  func(t *testing.T) []byte { return pipe(t, "lz4", "-l", "-c") },
	} {
		t.Run(name, func(t *testing.T) {
			packed, err := payload(image(pack(t)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := unpack(t.Context(), packed)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, content) {
				t.Errorf("got %d bytes, want %d", len(got), len(content))
			}
		})
	}
}

func TestUnpackRefuses(t *testing.T) {
	whole := image([]byte("\xfd7zXZ\x00 and no more"))
	for name, test := range map[string]struct {
		image []byte
		err   string
	}{
		"empty":               {nil, "not a bzImage"},
		"text":                {bytes.Repeat([]byte("text"), 1000), "not a bzImage"},
		"cut":                 {whole[:len(whole)-40], "ends before its payload"},
		"unknown compression": {image([]byte("plain text")), "unknown compression"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := btfOfImage(t.Context(), test.image)
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("got error %v, want one with %q", err, test.err)
			}
		})
	}
}

func TestNewest(t *testing.T) {
	var packages []pkg
	for _, name := range []string{
		"linux-image-5.10.0-46-cloud-amd64",
		"linux-image-6.1.0-0.deb11.52-cloud-amd64",
		"linux-image-6.1.0-50-cloud-amd64",
		"linux-image-6.1.0-47-cloud-amd64",
		"linux-image-6.18.15+deb13-cloud-amd64",
		"linux-image-6.18.9+deb13-cloud-amd64",
		"linux-image-7.3.4+deb13-cloud-amd64",
		"linux-binary-7.3.4+deb13-cloud-amd64",
		"linux-image-7.2.12+deb13-cloud-amd64",
		"linux-image-7.3.4+deb13-cloud-amd64-dbg",
		"linux-binary-unsigned-7.3.4+deb13-cloud-amd64",
		"linux-image-7.3.4+deb13-amd64",
		"linux-image-cloud-amd64",
	} {
		if match := kernelPackage.FindStringSubmatch(name); match != nil {
			packages = append(packages, pkg{name: name, release: match[1]})
		}
	}
	for series, want := range map[string]string{
		"5.10": "linux-image-5.10.0-46-cloud-amd64",
		"6.1":  "linux-image-6.1.0-50-cloud-amd64",
		"6.18": "linux-image-6.18.15+deb13-cloud-amd64",
		"":     "linux-binary-7.3.4+deb13-cloud-amd64",
	} {
		for range 2 {
			got, err := newest(packages, series)
			if err != nil || got.name != want {
				t.Errorf("newest %q: got %s and %v, want %s", series, got.name, err, want)
			}
			slices.Reverse(packages)
		}
	}
	if _, err := newest(packages, "6.6"); err == nil || !strings.Contains(err.Error(), "-btf") {
		t.Errorf("a series that is gone: got error %v", err)
	}
}

// rawBTF returns a kernel's worth of BTF.
func rawBTF(t *testing.T, members ...string) []byte {
	t.Helper()
	s := &btf.Struct{Name: "task_struct", Size: 64}
	for i, m := range members {
		s.Members = append(s.Members, btf.Member{Name: m, Type: &btf.Int{Name: "int", Size: 4}, Offset: btf.Bits(32 * i)})
	}
	b, err := btf.NewBuilder([]btf.Type{s}, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Marshal(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestWriteIsDeterministic(t *testing.T) {
	dir := t.TempDir()
	var args []string
	for name, raw := range map[string][]byte{
		"6.18": rawBTF(t, "pid", "__state"), "7.3": rawBTF(t, "pid", "__state", "late"), "5.10": rawBTF(t, "state", "pid"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if raw, err := os.ReadFile("/sys/kernel/btf/vmlinux"); err == nil {
		if err := os.WriteFile(filepath.Join(dir, "6.18"), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"6.18", "7.3", "5.10"} {
		args = append(args, name+"="+filepath.Join(dir, name))
	}
	outs := []string{filepath.Join(dir, "one"), filepath.Join(dir, "two")}
	for _, out := range outs {
		kernels, err := readFiles(args)
		if err != nil {
			t.Fatal(err)
		}
		if err := write(out, kernels); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{manifest.File(arch), manifest.HeaderFile(arch), manifest.MembersFile(arch)} {
		one, err := os.ReadFile(filepath.Join(outs[0], name))
		if err != nil {
			t.Fatal(err)
		}
		two, err := os.ReadFile(filepath.Join(outs[1], name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one, two) {
			t.Errorf("%s differs between two runs", name)
		}
	}

	text, err := os.ReadFile(filepath.Join(outs[0], manifest.File(arch)))
	if err != nil {
		t.Fatal(err)
	}
	var m manifest.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Version) != 16 || len(m.Kernels) != 3 || m.Kernels[0].Name != "6.18" {
		t.Errorf("got manifest %+v", m)
	}
}

func TestReadFilesRefuses(t *testing.T) {
	for _, arg := range []string{"vmlinux.btf", "=vmlinux.btf", "6.18=/nonexistent/vmlinux.btf"} {
		if _, err := readFiles([]string{arg}); err == nil {
			t.Errorf("-btf %s was taken", arg)
		}
	}
}
