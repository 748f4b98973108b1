// Package rtnl asks the kernel by rtnetlink(7) who holds the XDP of an interface, and puts programs among the classifiers of one.
package rtnl

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Parent is where classifiers of clsact are (TC_H_MAKE in include/uapi/linux/pkt_sched.h).
type Parent uint32

// The two places.
const (
	Ingress Parent = 0xfffffff2
	Egress  Parent = 0xfffffff3
)

// Classifier is a program of type bpf among the classifiers of an interface.
type Classifier struct {
	Index    int // of the interface
	Parent   Parent
	Priority uint16 // 0, when it is added: the kernel chooses
	Handle   uint32
	Program  uint32 // id
}

// What golang.org/x/sys/unix does not have of include/uapi/linux/rtnetlink.h, pkt_cls.h and if_link.h.
const (
	tcaKind            = 1 // TCA_KIND
	tcaOptions         = 2 // TCA_OPTIONS
	bpfFD              = 6 // TCA_BPF_FD
	bpfName            = 7 // TCA_BPF_NAME
	bpfFlags           = 8 // TCA_BPF_FLAGS
	bpfID              = 11
	bpfDirectAction    = 1 // TCA_BPF_FLAG_ACT_DIRECT
	clsactHandle       = 0xffff0000
	clsactParent       = 0xfffffff1 // TC_H_CLSACT
	xdpProgramID       = 4          // IFLA_XDP_PROG_ID
	trafficMessageSize = 20         // struct tcmsg
)

// trafficMessage makes the struct tcmsg that requests about traffic control begin with.
func trafficMessage(index int, handle, parent, info uint32) []byte {
	b := make([]byte, trafficMessageSize)
	binary.NativeEndian.PutUint32(b[4:], uint32(index))
	binary.NativeEndian.PutUint32(b[8:], handle)
	binary.NativeEndian.PutUint32(b[12:], parent)
	binary.NativeEndian.PutUint32(b[16:], info)
	return b
}

// info is what struct tcmsg has of a classifier beside its handle: the priority, and all protocols in network order.
func (c Classifier) info() uint32 { return uint32(c.Priority)<<16 | unix.ETH_P_ALL<<8 }

// AddClsact adds clsact to an interface. Where it is, that is unix.EEXIST.
func AddClsact(index int) error {
	a := netlink.NewAttributeEncoder()
	a.String(tcaKind, "clsact")
	return change(unix.RTM_NEWQDISC, netlink.Create|netlink.Excl, trafficMessage(index, clsactHandle, clsactParent, 0), a)
}

// RemoveClsact removes clsact with all of its classifiers.
func RemoveClsact(index int) error {
	return change(unix.RTM_DELQDISC, 0, trafficMessage(index, clsactHandle, clsactParent, 0), nil)
}

// Add puts the program that fd stands for among the classifiers where c says, called name. What it returns is what the kernel does with the
// packet ("direct action").
func (c Classifier) Add(fd int, name string) error {
	a := netlink.NewAttributeEncoder()
	a.String(tcaKind, "bpf")
	a.Nested(tcaOptions, func(a *netlink.AttributeEncoder) error {
		a.Uint32(bpfFD, uint32(fd))
		a.String(bpfName, name)
		a.Uint32(bpfFlags, bpfDirectAction)
		return nil
	})
	return change(unix.RTM_NEWTFILTER, netlink.Create|netlink.Excl, trafficMessage(c.Index, c.Handle, uint32(c.Parent), c.info()), a)
}

// Remove removes a classifier that Classifiers returned.
func (c Classifier) Remove() error {
	a := netlink.NewAttributeEncoder()
	a.String(tcaKind, "bpf")
	return change(unix.RTM_DELTFILTER, 0, trafficMessage(c.Index, c.Handle, uint32(c.Parent), c.info()), a)
}

// Classifiers returns those of an interface. Those that are no programs have the Program 0.
func Classifiers(index int, parent Parent) ([]Classifier, error) {
	messages, err := request(unix.RTM_GETTFILTER, netlink.Dump, trafficMessage(index, 0, uint32(parent), 0), nil)
	if err != nil {
		return nil, err
	}
	var all []Classifier
	for _, m := range messages {
		if len(m.Data) < trafficMessageSize {
			continue
		}
		c := Classifier{Index: index, Parent: parent, Handle: binary.NativeEndian.Uint32(m.Data[8:]), Priority: uint16(binary.NativeEndian.Uint32(m.Data[16:]) >> 16)}
		err := nested(m.Data[trafficMessageSize:], tcaOptions, func(a *netlink.AttributeDecoder) {
			if a.Type() == bpfID {
				c.Program = a.Uint32()
			}
		})
		if err != nil {
			return nil, err
		}
		if c.Handle != 0 { // else the head of a list
			all = append(all, c)
		}
	}
	return all, nil
}

// XDPProgram returns the id of the program that holds the XDP of an interface, 0 for none.
func XDPProgram(index int) (uint32, error) {
	b := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(b[4:], uint32(index))
	messages, err := request(unix.RTM_GETLINK, 0, b, nil)
	if err != nil {
		return 0, err
	}
	var id uint32
	for _, m := range messages {
		if len(m.Data) < unix.SizeofIfInfomsg {
			continue
		}
		err := nested(m.Data[unix.SizeofIfInfomsg:], unix.IFLA_XDP, func(a *netlink.AttributeDecoder) {
			if a.Type() == xdpProgramID {
				id = a.Uint32()
			}
		})
		if err != nil {
			return 0, err
		}
	}
	return id, nil
}

// nested goes through what is inside of an attribute.
func nested(b []byte, attribute uint16, each func(*netlink.AttributeDecoder)) error {
	outer, err := netlink.NewAttributeDecoder(b)
	if err != nil {
		return err
	}
	for outer.Next() {
		if outer.Type() != attribute {
			continue
		}
		outer.Nested(func(inner *netlink.AttributeDecoder) error {
			for inner.Next() {
				each(inner)
			}
			return nil
		})
	}
	return outer.Err()
}

// change sends a request that the kernel acknowledges.
func change(kind netlink.HeaderType, flags netlink.HeaderFlags, message []byte, attributes *netlink.AttributeEncoder) error {
	_, err := request(kind, flags|netlink.Acknowledge, message, attributes)
	return err
}

// request sends a request in the network namespace of the calling thread and returns the answer. The errors are the kernel's, as unix.Errno.
func request(kind netlink.HeaderType, flags netlink.HeaderFlags, message []byte, attributes *netlink.AttributeEncoder) ([]netlink.Message, error) {
	if attributes != nil {
		b, err := attributes.Encode()
		if err != nil {
			return nil, err
		}
		message = append(message, b...)
	}
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	defer conn.Close()
	answer, err := conn.Execute(netlink.Message{Header: netlink.Header{Type: kind, Flags: netlink.Request | flags}, Data: message})
	var op *netlink.OpError
	if errors.As(err, &op) {
		return nil, op.Err
	}
	return answer, err
}
