package bpf

import (
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/ebpfx/ebpfx/bpf/internal/rtnl"
)

// attachClsact puts prog among the classifiers of an interface, as tc filter add dev ... bpf direct-action does.
func attachClsact(prog *ebpf.Program, p *point) (_ io.Closer, err error) {
	info, err := prog.Info()
	if err != nil {
		return nil, err
	}
	id, ok := info.ID()
	if !ok {
		return nil, errors.New("the kernel does not tell the program's id")
	}
	c := &classifier{index: p.index, parent: rtnl.Ingress, program: uint32(id)}
	if p.attachType == ebpf.AttachTCXEgress {
		c.parent = rtnl.Egress
	}
	if c.owns, err = c.addQdisc(); err != nil {
		return nil, err
	}
	k, err := startKeeper("clsact", c.String())
	if err != nil {
		return nil, errors.Join(err, c.remove())
	}
	err = rtnl.Classifier{Index: p.index, Parent: c.parent, Priority: uint16(p.priority)}.Add(prog.FD(), p.name)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EOPNOTSUPP):
		return nil, errors.Join(errors.New("this kernel has no classifiers of type bpf (CONFIG_NET_CLS_BPF is off)"), k.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("add classifier: %w", err), k.Close())
	}
	return k, nil
}

// classifier is a program among those of an interface. It knows the program by its id, since the kernel chooses handles and priorities.
type classifier struct {
	index   int
	parent  rtnl.Parent
	program uint32
	owns    bool // the queueing discipline
}

const classifierForm = "%d %d %d %t"

// String is for the keeper, which parses it.
func (c *classifier) String() string {
	return fmt.Sprintf(classifierForm, c.index, c.parent, c.program, c.owns)
}

func undoClsact(arguments string, _ []int) error {
	var c classifier
	if _, err := fmt.Sscanf(arguments, classifierForm, &c.index, &c.parent, &c.program, &c.owns); err != nil {
		return fmt.Errorf("read what to remove: %w", err)
	}
	return c.remove()
}

// addQdisc reports whether it added the clsact that was not there.
func (c *classifier) addQdisc() (bool, error) {
	err := rtnl.AddClsact(c.index)
	switch {
	case errors.Is(err, unix.EEXIST):
		return false, nil
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EOPNOTSUPP):
		return false, errors.New("this kernel has no clsact (CONFIG_NET_SCH_INGRESS is off)")
	case err != nil:
		return false, fmt.Errorf("add clsact: %w", err)
	}
	return true, nil
}

// removeQdisc removes the clsact that this process added, unless somebody else uses it by now.
func (c *classifier) removeQdisc() error {
	if !c.owns {
		return nil
	}
	for _, parent := range []rtnl.Parent{rtnl.Ingress, rtnl.Egress} {
		filters, err := c.filters(parent)
		if err != nil {
			return err
		}
		if len(filters) > 0 {
			return nil
		}
	}
	if err := rtnl.RemoveClsact(c.index); err != nil && !isGone(err) {
		return fmt.Errorf("remove clsact: %w", err)
	}
	return nil
}

func (c *classifier) filters(parent rtnl.Parent) ([]rtnl.Classifier, error) {
	filters, err := rtnl.Classifiers(c.index, parent)
	if err != nil && !isGone(err) {
		return nil, fmt.Errorf("list classifiers: %w", err)
	}
	return filters, nil
}

// remove removes the program from the interface, if it is there.
func (c *classifier) remove() error {
	filters, err := c.filters(c.parent)
	if err != nil {
		return err
	}
	for _, f := range filters {
		if f.Program == c.program {
			if err := f.Remove(); err != nil && !isGone(err) {
				return fmt.Errorf("remove classifier: %w", err)
			}
		}
	}
	return c.removeQdisc()
}

// isGone reports whether what a request was about has gone, as everything on an interface does with it.
func isGone(err error) bool {
	return errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINVAL)
}
