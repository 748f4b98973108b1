package builder

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/ebpfx/ebpfx/builder/internal/atomicfile"
	"github.com/ebpfx/ebpfx/builder/internal/settle"
	"github.com/ebpfx/ebpfx/builder/toolchain"
	"github.com/ebpfx/ebpfx/builder/vmlinux"
)

// made is an object that clang made.
type made struct {
	object  string          // path, below the temporary folder of the job
	front   front           // what was in front of the source
	variant vmlinux.Variant // how our vmlinux.h was changed for the source
	headers []string        // what it was made from beside the source, but for headers of ours
	vmlinux bool            // our vmlinux.h was among those
}

// front is what ebpfx puts in front of a source.
type front struct {
	compat  []string // folders of the headers that complete an older libbpf's
	events  string   // path of the event header; "": none
	vmlinux string   // folder of vmlinux.h; "": none
	pch     string   // path of the precompiled vmlinux.h; "": none
}

func (c *compilation) run(ctx context.Context, tmp string) (said []byte, err error) {
	c.made, said, err = c.compile(ctx, tmp)
	if keepErr := c.keepVariant(); err == nil {
		err = keepErr
	}
	if err != nil {
		return said, c.failed(ctx, said, err)
	}
	if err := c.made.settle(c.build.opts.Annotate); err != nil {
		return said, c.failed(ctx, said, err)
	}
	c.tellLevel()
	return said, nil
}

// compile makes an object, at first in the way that is fast: with our headers in front, and what the source needs of
// vmlinux.h in place of the whole. Where that does not come out as it should, the source as it is, with
// whole headers, has the last word: on whether it compiles, and on what clang says of it.
func (c *compilation) compile(ctx context.Context, tmp string) (m made, said []byte, err error) {
	whole, err := c.front()
	if err != nil {
		return m, nil, err
	}
	reading := c.build.texts.read(c, whole.compat)
	fast := whole
	switch {
	case reading.own != "":
		fast.pch = c.precompile(ctx, reading)
		m, said, err = c.clang(ctx, fast, tmp, "fast")
		if err == nil && fast.pch != "" && !m.tookOwn(reading.own) {
			m.object = ""
		}
	case reading.vmlinux:
		m, said, err = c.variants(ctx, fast, tmp, func(v vmlinux.Variant, name string) (string, error) {
			return c.excerpt(reading, v, tmp, name)
		})
		if err == nil && m.isPartial() {
			m.object = ""
		}
	default:
		m, said, err = c.clang(ctx, fast, tmp, "fast")
	}
	if ctx.Err() != nil {
		return m, nil, ctx.Err()
	}
	if err != nil {
		m.object = ""
	}
	if m.object != "" && !c.mentionsOurs(said, tmp, whole.events) {
		return m, said, nil
	}
	if reading.own == "" && reading.vmlinux {
		if whole.vmlinux, err = c.vmlinuxDir(); err != nil {
			return m, said, err
		}
	}
	return c.compileWhole(ctx, tmp, whole, m)
}

// compileWhole compiles the source with whole headers. fast is the object that was made with less, where that is good.
func (c *compilation) compileWhole(ctx context.Context, tmp string, f front, fast made) (m made, said []byte, err error) {
	plain := f
	plain.events = ""
	m, said, err = c.variants(ctx, plain, tmp, func(v vmlinux.Variant, name string) (string, error) {
		return c.wholeVmlinux(f.vmlinux, v, tmp, name)
	})
	if err != nil {
		return m, said, err
	}
	if fast.object != "" {
		return fast, said, nil
	}
	// The event header must not be what breaks a source.
	f.vmlinux = m.front.vmlinux
	if withEvents, _, err := c.clang(ctx, f, tmp, "events"); err == nil {
		withEvents.variant = m.variant
		return withEvents, said, nil
	}
	return m, said, ctx.Err()
}

// variants compiles the source with a vmlinux.h as it is, and then with as many changes of it as the source
// needs. header writes it, under a name of its own, and returns its folder, or "" where there is none.
func (c *compilation) variants(ctx context.Context, f front, tmp string, header func(v vmlinux.Variant, name string) (string, error)) (m made, said []byte, err error) {
	var v vmlinux.Variant
	for n := 0; ; n++ {
		name := strconv.Itoa(n)
		if f.events == "" {
			name = "plain" + name
		}
		if f.vmlinux, err = header(v, name); err != nil {
			return m, nil, err
		}
		m, said, err = c.clang(ctx, f, tmp, name)
		m.variant = v
		if ctx.Err() != nil || len(said) == 0 || f.vmlinux == "" || err == nil && !m.vmlinux {
			return m, said, err
		}
		text, textErr := c.vmlinux.Text()
		if textErr != nil {
			return m, said, textErr
		}
		next, changed := v.Retry(text, said)
		if !changed {
			return m, said, err
		}
		v = next
	}
}

// vmlinuxDir returns the folder of the whole vmlinux.h.
func (c *compilation) vmlinuxDir() (string, error) {
	path, err := c.vmlinux.Path()
	if err != nil {
		return "", c.atBTF(err)
	}
	return filepath.Dir(path), nil
}

// excerpt writes what the source needs of vmlinux.h, changed as v says, and returns its folder.
func (c *compilation) excerpt(r *reading, v vmlinux.Variant, tmp, name string) (dir string, err error) {
	index, err := c.vmlinux.Index()
	if err != nil {
		return "", c.atBTF(err)
	}
	text, ok := index.Excerpt(r.need, v)
	if !ok {
		whole, err := c.vmlinuxDir()
		if err != nil {
			return "", err
		}
		return c.wholeVmlinux(whole, v, tmp, name)
	}
	dir = filepath.Join(tmp, "excerpt"+name)
	return dir, writeHeader(dir, text)
}

// wholeVmlinux returns the folder of the whole vmlinux.h, which lies in dir, as v changes it.
func (c *compilation) wholeVmlinux(dir string, v vmlinux.Variant, tmp, name string) (string, error) {
	if dir == "" || v.IsZero() {
		return dir, nil
	}
	text, err := c.vmlinux.Text()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(tmp, "variant"+name)
	return dir, writeHeader(dir, v.Apply(text))
}

func writeHeader(dir string, text []byte) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, vmlinuxName), text, 0o666)
}

// mentionsOurs reports whether clang speaks of what the user did not write.
func (c *compilation) mentionsOurs(said []byte, tmp, events string) bool {
	return bytes.Contains(said, []byte(tmp)) || bytes.Contains(said, []byte(events))
}

// clang compiles the source into NAME.o in tmp and reads what it included from
// NAME.d.
func (c *compilation) clang(ctx context.Context, f front, tmp, name string) (m made, said []byte, err error) {
	m.front = f
	object, deps := filepath.Join(tmp, name+".o"), filepath.Join(tmp, name+".d")
	for {
		out, runErr := toolchain.Run(ctx, c.build.project.Dir, c.unit.clang.Path, c.commandLine(f, object, deps)...)
		said, err = append(out.Stdout, out.Stderr...), runErr
		if err == nil || !c.raiseLevel(said) {
			break
		}
	}
	if err != nil {
		return m, said, err
	}
	m.object = object
	return m, said, c.readDeps(&m, deps)
}

// readDeps reads from a dep file what the object of m was made of.
func (c *compilation) readDeps(m *made, deps string) error {
	text, err := os.ReadFile(deps)
	if err != nil {
		return err
	}
	names := parseDeps(text)
	if m.front.pch != "" && len(names) > 0 {
		names = names[1:] // what that was made from
	}
	if len(names) == 0 {
		return fmt.Errorf("clang names no file in its dep file")
	}
	// The first is the source. What else has a backslash in its name is written with a slash by clang,
	// is not found under that name, and has the object built every time: slow, but never wrong.
	for _, name := range names[1:] {
		if !filepath.IsAbs(name) {
			name = filepath.Clean(name)
		}
		name = relativeTo(c.build.project.Dir, name)
		path := inDir(c.build.project.Dir, name)
		switch {
		case m.front.vmlinux != "" && path == filepath.Join(m.front.vmlinux, vmlinuxName):
			m.vmlinux = true
		case !c.build.cache.Contains(path):
			m.headers = append(m.headers, name)
		}
	}
	return nil
}

// keepVariant puts the vmlinux.h that was changed for the source beside the objects, for those who run the command
// that made the object once more, and for editors.
func (c *compilation) keepVariant() error {
	c.variantDir = ""
	if c.made.variant.IsZero() {
		return nil
	}
	text, err := c.vmlinux.Text()
	if err != nil {
		return err
	}
	name := filepath.Join(objFolder, fileName(c.unit.target.Name), fileName(c.source)+".include")
	if err := atomicfile.MkdirAll(filepath.Join(c.build.dir, name), 0o755); err != nil {
		return err
	}
	c.variantDir = name
	return atomicfile.Write(filepath.Join(c.build.dir, name, vmlinuxName), c.made.variant.Apply(text))
}

// isPartial reports whether the object needs more of vmlinux.h than an excerpt had. One that cannot be read does.
func (m *made) isPartial() bool {
	f, err := elf.Open(m.object)
	if err != nil {
		return true
	}
	defer f.Close()
	section := f.Section(".BTF")
	if section == nil {
		return false
	}
	btf, err := section.Data()
	return err != nil || bytes.Contains(btf, []byte(vmlinux.Absent+"\x00"))
}

// settle takes the debug information out of the object, after annotate, which may be nil, has seen it.
func (m *made) settle(annotate func([]byte) ([]byte, error)) error {
	object, err := os.ReadFile(m.object)
	if err != nil {
		return err
	}
	if annotate != nil {
		if object, err = settle.Order(object); err != nil {
			return err
		}
		if annotated, err := annotate(object); err == nil {
			object = annotated
		}
	}
	if object, err = settle.Object(object); err != nil {
		return err
	}
	return os.WriteFile(m.object, object, 0o666)
}
