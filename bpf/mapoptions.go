package bpf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/near"
)

// MapOptions change how a map is made.
type MapOptions struct {
	MaxEntries uint32 // bytes of a ring buffer; 0: as the source says
	// Pin is a path in a BPF file system, absolute, or PinByName or PinNever; "": as the source says. A map that lies there already is
	// used, if it is defined as this one.
	Pin string
}

// Values of MapOptions.Pin beside paths.
const (
	PinByName = "by name" // at /sys/fs/bpf/NAME
	PinNever  = "never"
)

// SetMap changes how the map called name is made by Load.
func (o *Object) SetMap(name string, opts MapOptions) error {
	m := o.spec.Maps[name]
	if m == nil || isSection(m) {
		var names []string
		for name, m := range o.spec.Maps {
			if !isSection(m) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		if len(names) == 0 {
			return fmt.Errorf("no map named %s: %s has none", name, o.name)
		}
		hint := near.Hint(near.Names(name, names))
		if hint == "" {
			hint = " (there is: " + near.List(names, "and") + ")"
		}
		return fmt.Errorf("no map named %s in %s%s", name, o.name, hint)
	}
	if opts.MaxEntries != 0 {
		switch m.Type {
		case ebpf.StructOpsMap:
			return fmt.Errorf("%s: a %s map has one entry", name, mapTypeName(m.Type))
		case ebpf.RingBuf, ebpf.UserRingbuf:
			m.MaxEntries = ringSize(opts.MaxEntries)
		default:
			m.MaxEntries = opts.MaxEntries
		}
		o.notices = slices.DeleteFunc(o.notices, func(n string) bool { return n == sizeNotice(m, name) })
	}
	delete(o.pins, name)
	switch opts.Pin {
	case "":
	case PinByName:
		m.Pinning = ebpf.PinByName
	case PinNever:
		m.Pinning = ebpf.PinNone
	default:
		if !filepath.IsAbs(opts.Pin) {
			return fmt.Errorf("%s: pin: %q is no absolute path", name, opts.Pin)
		}
		m.Pinning = ebpf.PinNone
		if o.pins == nil {
			o.pins = make(map[string]string)
		}
		o.pins[name] = filepath.Clean(opts.Pin)
	}
	return nil
}

// openPins adds to keep the maps that lie pinned where SetMap says. close is to be called when they are used.
func (l *loader) openPins(keep map[string]*ebpf.Map) (_ map[string]*ebpf.Map, release func(), err error) {
	var opened closers
	release = func() { _ = opened.Close() } // descriptors that were not written to
	for name, path := range l.pins {
		m, err := ebpf.LoadPinnedMap(path, nil)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			release()
			return nil, nil, fmt.Errorf("open map %s pinned at %s: %w", name, path, err)
		}
		opened = append(opened, m)
		if err := l.maps[name].Compatible(m); err != nil {
			release()
			return nil, nil, fmt.Errorf("the map pinned at %s is defined in another way than %s: %w; remove it, or pin elsewhere", path, name, err)
		}
		if keep == nil {
			keep = make(map[string]*ebpf.Map)
		}
		keep[name] = m
	}
	return keep, release, nil
}

// pin pins the maps where SetMap says.
func (l *loader) pin() error {
	for name, path := range l.pins {
		m := l.inst.maps[name]
		if _, err := os.Lstat(path); err == nil {
			continue // it came from there, or was pinned by the instance that is replaced
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("pin map %s: %w", name, err)
		}
		c, err := m.Clone() // a pinned Map is unpinned with others of its kind
		if err != nil {
			return fmt.Errorf("pin map %s: %w", name, err)
		}
		err = c.Pin(path)
		_ = c.Close()
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL) {
			err = fmt.Errorf("%w (is %s in a BPF file system? mount one with: mount -t bpf bpf %s)", err, path, pinPath)
		}
		if err != nil {
			return fmt.Errorf("pin map %s: %w", name, err)
		}
	}
	return nil
}
