package bpf

import "github.com/cilium/ebpf"

// PlanSection returns what a program in a section of that name is taken for, and why it would not be attached.
func PlanSection(section string) (kind, target string, failures []*AttachError) {
	k, target := splitSection(section)
	spec := &ebpf.ProgramSpec{Name: "p", SectionName: section}
	if k != nil {
		kind, spec.Type, spec.AttachType = k.name, k.programType, k.attachType
	}
	o := &Object{
		name:     "test.bpf.o",
		spec:     &ebpf.CollectionSpec{Programs: map[string]*ebpf.ProgramSpec{"p": spec}},
		programs: []Program{{Name: "p", Section: section, Kind: kind, Target: target}},
	}
	points, failures, err := o.plan(nil)
	if err != nil {
		panic(err) // which only hooks cause
	}
	if len(points)+len(failures) != 1 {
		panic("a program is neither planned nor left out")
	}
	return kind, target, failures
}
