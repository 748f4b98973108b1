package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/builder/vmlinux/internal/cdecl"
	"github.com/ebpfx/ebpfx/builder/vmlinux/internal/manifest"
	"github.com/ebpfx/ebpfx/builder/vmlinux/internal/presence"
)

// maxShipped is how many bytes the files may add to the command.
const maxShipped = 1 << 20

// write makes the files of kernels in dir. The first kernel is the base.
func write(dir string, kernels []kernel) error {
	var m manifest.Manifest
	var specs []*btf.Spec
	for _, k := range kernels {
		spec, err := btf.LoadSpecFromReader(bytes.NewReader(k.btf))
		if err != nil {
			return fmt.Errorf("read BTF of %s: %w", k.Name, err)
		}
		specs = append(specs, spec)
		k.SHA256 = hash(k.btf)
		m.Kernels = append(m.Kernels, k.Kernel)
	}

	var header, members bytes.Buffer
	if err := cdecl.Write(&header, specs...); err != nil {
		return err
	}
	if err := collect(&members, kernels, specs); err != nil {
		return err
	}
	m.Version = hash(header.Bytes())[:16]
	text, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return err
	}

	files := map[string][]byte{manifest.File(arch): append(text, '\n')}
	for name, content := range map[string][]byte{
		manifest.HeaderFile(arch):  header.Bytes(),
		manifest.MembersFile(arch): members.Bytes(),
	} {
		if files[name], err = pack(content); err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
	}
	return writeFiles(dir, files)
}

// collect writes the table of which of kernels has what, the oldest kernel first.
func collect(out *bytes.Buffer, kernels []kernel, specs []*btf.Spec) error {
	order := make([]int, len(kernels))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return compareVersions(kernels[a].Name, kernels[b].Name) })
	var names []string
	var sorted []*btf.Spec
	for _, i := range order {
		names = append(names, kernels[i].Name)
		sorted = append(sorted, specs[i])
	}
	table, err := presence.Collect(names, sorted)
	if err != nil {
		return err
	}
	return table.Encode(out)
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func pack(content []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func writeFiles(dir string, files map[string][]byte) error {
	total := 0
	for _, content := range files {
		total += len(content)
	}
	if total > maxShipped {
		return fmt.Errorf("the files take %d bytes, more than the %d that may be shipped", total, maxShipped)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		temporary := path + ".new"
		if err := os.WriteFile(temporary, content, 0o644); err != nil {
			return err
		}
		if err := os.Rename(temporary, path); err != nil {
			return err
		}
	}
	fmt.Printf("%s: %d bytes for %s\n", dir, total, arch)
	return nil
}
