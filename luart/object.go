package luart

import (
	"fmt"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
)

// configure gives an object of target t what the script says of it: values of globals, and types of records that on_event names.
func (s *Script) configure(t *builder.Target, o *bpf.Object) error {
	for _, g := range t.Globals {
		if err := o.SetGlobal(g.Name, g.Value); err != nil {
			return diag.Errorf(g.Pos, "set_globals: %w", err)
		}
	}
	for _, m := range t.Maps {
		if err := o.SetMap(m.Name, bpf.MapOptions{MaxEntries: m.MaxEntries, Pin: m.Pin}); err != nil {
			return diag.Errorf(m.Pos, "set_maps: %w", err)
		}
	}
	return bindEvents(o, t.Name, s.handlers[t].events)
}

// Check asks the kernel what it says of the programs of t, whose object is at path, as they would be loaded by Run. See bpf.Object.Check.
func (s *Script) Check(t *builder.Target, path string) (*bpf.Report, error) {
	o, err := bpf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", t.Name, err)
	}
	if err := s.configure(t, o); err != nil {
		return nil, s.shown(err)
	}
	report, err := o.Check(bpf.LoadOptions{Hooks: hooks(t)})
	if err != nil {
		return nil, atHook(t, fmt.Errorf("check %s: %w", t.Name, err))
	}
	for i := range report.Programs {
		if p := &report.Programs[i]; p.Err != nil {
			p.Err = atHook(t, p.Err)
		}
	}
	return report, nil
}
