package bpf

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/ebpfx/ebpfx/bpf/internal/near"
)

// kind is a way to attach programs: a row of the attach table.
type kind struct {
	name string
	// sections are the ELF section names, up to the first slash, whose programs are of this kind.
	sections []string
	// anySuffix: what follows a section's name there is no target but belongs to the program's type, as
	// in cgroup_skb/ingress.
	anySuffix bool
	// legacy are the sections whose names may go on in any way, as before libbpf 1.0: xdp_drop, classifier_egress.
	legacy []string
	// form says how a target is written, for errors.
	form string
	// types that set_kind gives to a program of another section. programType is
	// UnspecifiedProgram where the section alone can tell.
	programType ebpf.ProgramType
	attachType  ebpf.AttachType
	// resolve checks the target and completes p with what loading and attaching need to know. It may look at the file
	// system and ask the kernel, but does not change anything.
	resolve func(p *point) error
	// load loads the program of p in place of ebpf.NewProgram, for kinds that need more than that. nil: nothing more is needed.
	load func(l *loader, p *point, spec *ebpf.ProgramSpec) (*ebpf.Program, error)
	// attach attaches prog to p until the result is closed.
	attach func(prog *ebpf.Program, p *point) (io.Closer, error)
	// names lists targets that exist, for errors. nil: none can be listed.
	names func(p *point) []string
	// alternative is the place of the kind in the order in which programs for one probe are tried, from 1 on. 0: its programs are
	// never alternatives to others. moments tells when they run.
	alternative int
	moments     moment
	takes       takes
	tracefs     bool // attaching reads tracefs
	ownCookies  bool // its cookies need none of the kernel's
	// untargeted: programs whose section names no target are attached all the same.
	untargeted bool
	// once: attaching runs the program, when all others are attached, and leaves nothing to detach.
	once bool
}

// optionalMark before a section's name keeps libbpf from loading its programs unless asked to.
const optionalMark = "?"

// kinds is the attach table. Order matters only to errors that list it.
var kinds = []*kind{
	kprobeKind, kretprobeKind, kprobeMultiKind, kretprobeMultiKind, kprobeSessionKind, ksyscallKind, kretsyscallKind,
	uprobeKind, uretprobeKind, uprobeMultiKind, uretprobeMultiKind, uprobeSessionKind, usdtKind,
	tracepointKind, rawTracepointKind, rawTracepointWritableKind, tpBTFKind,
	fentryKind, fexitKind, fmodRetKind, fsessionKind, freplaceKind, lsmKind, lsmCgroupKind, iterKind, perfEventKind,
	xdpKind, tcKind, netkitKind, netfilterKind, cgroupKind, sockopsKind, skLookupKind, flowDissectorKind,
	skMsgKind, skSKBKind, skReuseportKind, socketFilterKind, structOpsKind, syscallKind,
}

// Kinds returns the names of all ways to attach, as Hook.Kind takes them.
func Kinds() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

func kindNamed(name string) *kind {
	i := slices.IndexFunc(kinds, func(k *kind) bool { return k.name == name })
	if i < 0 {
		return nil
	}
	return kinds[i]
}

// splitSection returns the kind of programs of an ELF section, nil when nobody knows it, and the target that it names.
func splitSection(section string) (k *kind, target string) {
	section = strings.TrimPrefix(section, optionalMark)
	base, rest, _ := strings.Cut(section, "/")
	for _, k := range kinds {
		for _, s := range k.sections {
			switch {
			case base == s && k.anySuffix:
				return k, ""
			case base == s:
				return k, rest
			}
		}
	}
	for _, k := range kinds {
		for _, s := range k.legacy {
			if strings.HasPrefix(base, s) {
				return k, ""
			}
		}
	}
	return nil, ""
}

// sectionTarget returns what an ELF section names to attach to, or "".
func sectionTarget(section string) string {
	_, target, _ := strings.Cut(strings.TrimPrefix(section, optionalMark), "/")
	return target
}

// sectionNames returns the names of all sections in the table.
func sectionNames() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.sections...)
	}
	return names
}

// unattached says what programs of sections are for that are loaded but that no row of the table attaches.
var unattached = map[ebpf.ProgramType]string{
	ebpf.SchedACT:     "traffic control actions are attached by tc",
	ebpf.LWTIn:        "programs of light-weight tunnels are attached to routes by ip",
	ebpf.LWTOut:       "programs of light-weight tunnels are attached to routes by ip",
	ebpf.LWTXmit:      "programs of light-weight tunnels are attached to routes by ip",
	ebpf.LWTSeg6Local: "programs of light-weight tunnels are attached to routes by ip",
	ebpf.LircMode2:    "decoders of remote controls are attached by ir-keytable",
}

// unknownSection says why a program's section is of no use.
func unknownSection(section string, t ebpf.ProgramType) error {
	if why, ok := unattached[t]; ok {
		return errors.New(why)
	}
	if t != ebpf.UnspecifiedProgram {
		return errors.New("ebpfx has no way to attach programs of this section")
	}
	base, rest, _ := strings.Cut(section, "/")
	if rest != "" {
		rest = "/" + rest
	}
	var fixed []string
	names := sectionNames()
	if !strings.Contains(base, ".") {
		// What may sleep is a variant of what is there without the dot.
		names = slices.DeleteFunc(names, func(s string) bool { return strings.Contains(s, ".") })
	}
	for _, s := range near.Names(base, names) {
		fixed = append(fixed, s+rest)
	}
	return fmt.Errorf("the section says nothing of how to attach it%s; give it a kind and a target with set_kind and attach_to", near.Hint(fixed))
}
