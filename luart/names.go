package luart

import (
	"encoding/binary"
	"math"
	"net/netip"
	"time"

	"github.com/ncruces/go-strftime"
	lua "github.com/yuin/gopher-lua"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/readable"
	"github.com/ebpfx/ebpfx/bpf/sysnr"
)

// nameBuiltins tell what numbers mean. A number that has no name is told as its digits, so that the result can always be printed.
var nameBuiltins = []builtin{
	{
		name: "syscall_name", scope: anywhere, call: (*Script).syscallName,
		params: "nr: integer", returns: "string",
		text:    "Returns the name of a system call of this machine by its number, or the digits where none has it.",
		example: `print(syscall_name(0), syscall_name(9999))   --> read	9999`,
	},
	{
		name: "errno_name", scope: anywhere, call: (*Script).errnoName,
		params: "n: integer", returns: "string",
		text:    "Returns the name of an error number, with the sign that it has, or the digits where there is none.",
		example: `print(errno_name(2), errno_name(-13), errno_name(0))   --> ENOENT	-EACCES	0`,
	},
	{
		name: "signal_name", scope: anywhere, call: (*Script).signalName,
		params: "n: integer", returns: "string",
		text:    "Returns the name of a signal, or the digits where there is none.",
		example: `print(signal_name(9), signal_name(37))   --> SIGKILL	SIGRTMIN+3`,
	},
	{
		name: "uid_name", scope: anywhere, call: (*Script).uidName,
		params: "uid: integer", returns: "string",
		text:    "Returns the name of a user, by /etc/passwd, or the digits where there is none.",
		example: `print(uid_name(0))   --> root`,
	},
	{
		name: "ifname", scope: anywhere, call: (*Script).interfaceName,
		params: "index: integer", returns: "string",
		text:    "Returns the name of a network interface by its index, or the digits where there is none.",
		example: `print(ifname(1))   --> lo`,
	},
	{
		name: "pid_comm", scope: anywhere, call: (*Script).processName,
		params: "pid: integer", returns: "string",
		text:    "Returns the name that a process or a thread has now, or the digits where it is gone. What an event says of it is right at any time.",
		example: `print(pid_comm(1) ~= "1")   --> true`,
	},
	{
		name: "cgroup_path", scope: anywhere, call: (*Script).cgroupPath,
		params: "id: integer", returns: "string",
		text: "Returns the path of a control group below the mount point of cgroup2, by the ID that bpf_get_current_cgroup_id() returns, or the digits where there " +
			"is none.",
		example: `print(cgroup_path(7e15))   --> 7000000000000000`,
	},
	{
		name: "dev_name", scope: anywhere, call: (*Script).deviceName,
		params: "dev: integer", returns: "string",
		text:    "Returns the name of a block or character device, such as sda1, by the kernel's dev_t (of which 20 bits are the minor number), or the two numbers where there is none.",
		example: `print(dev_name(2 ^ 20 + 3), dev_name(4000 * 2 ^ 20 + 1))   --> null	4000:1`,
	},
	{
		name: "dev_numbers", scope: anywhere, call: (*Script).deviceNumbers,
		params: "dev: integer", returns: "string",
		text:    "Returns the major and the minor number of a dev_t as the kernel has it.",
		example: `print(dev_numbers(8 * 2 ^ 20 + 1))   --> 8:1`,
	},
	{
		name: "ntop", scope: anywhere, call: (*Script).ntop,
		params: "address: integer|string|table|array|event, family?: integer", returns: "string",
		text: "Returns an IP address as people write it. address is a number of 32 bits as it lies in an event, 4 or 16 bytes as a string, an array or a list, or a struct of that " +
			"size. family, 2 or 10, says which of the two is in room for both.",
		example: `
print(ntop({10, 0, 0, 1}), ntop("\127\0\0\1"))   --> 10.0.0.1	127.0.0.1
print(ntop(("\0"):rep(15) .. "\1"))   --> ::1`,
	},
	{
		name: "strftime", scope: anywhere, call: (*Script).strftime,
		params: "format: string, ns?: integer", returns: "string",
		text: "Returns the time of day at which bpf_ktime_get_ns() returned ns, or that of now, as strftime of C formats it in local time. %L, %f and %N are milliseconds, microseconds " +
			"and nanoseconds of the second.",
		example: `
print(#strftime("%H:%M:%S.%f"))   --> 15
print(#strftime("%Y-%m-%d", 5e9))   --> 10`,
	},
}

// nameOf pushes name, or number where there is none.
func nameOf(L *lua.LState, name string, number lua.LValue) int {
	if name == "" {
		name = number.String()
	}
	L.Push(lua.LString(name))
	return 1
}

// whole returns argument 1 of the builtin fn, a whole number, and as an int64. Numbers of 2^63 and more are no name's, and become the largest.
func whole(L *lua.LState, fn, name string) (int64, lua.LValue) {
	var v lua.LValue
	unpack(L, fn, name, &v)
	i, ok := integerOf(v)
	if !ok {
		L.RaiseError("%s: %v", fn, expected("a whole number", v))
	}
	if !i.neg && i.mag > math.MaxInt64 {
		return math.MaxInt64, i.value()
	}
	return int64(i.bits()), i.value()
}

func (*Script) syscallName(L *lua.LState) int {
	n, v := whole(L, "syscall_name", "nr")
	return nameOf(L, sysnr.Name(uint64(n)), v)
}

func (*Script) errnoName(L *lua.LState) int {
	n, v := whole(L, "errno_name", "n")
	return nameOf(L, readable.Errno(n), v)
}

func (*Script) signalName(L *lua.LState) int {
	n, v := whole(L, "signal_name", "n")
	return nameOf(L, readable.Signal(n), v)
}

func (*Script) uidName(L *lua.LState) int {
	n, v := whole(L, "uid_name", "uid")
	if n != int64(uint32(n)) {
		return nameOf(L, "", v)
	}
	return nameOf(L, readable.User(uint32(n)), v)
}

func (*Script) interfaceName(L *lua.LState) int {
	n, v := whole(L, "ifname", "index")
	if n != int64(int32(n)) {
		return nameOf(L, "", v)
	}
	return nameOf(L, readable.Interface(int(n)), v)
}

func (*Script) processName(L *lua.LState) int {
	n, v := whole(L, "pid_comm", "pid")
	return nameOf(L, readable.Process(int(n)), v)
}

func (*Script) cgroupPath(L *lua.LState) int {
	var v lua.LValue
	unpack(L, "cgroup_path", "id", &v)
	i, ok := integerOf(v) // IDs have 64 bits
	if !ok {
		L.RaiseError("cgroup_path: %v", expected("a whole number", v))
	}
	return nameOf(L, readable.Cgroup(i.bits()), i.value())
}

func (s *Script) deviceName(L *lua.LState) int {
	dev := s.device(L, "dev_name")
	return nameOf(L, readable.Device(dev), lua.LString(readable.DeviceNumbers(dev)))
}

func (s *Script) deviceNumbers(L *lua.LState) int {
	L.Push(lua.LString(readable.DeviceNumbers(s.device(L, "dev_numbers"))))
	return 1
}

func (*Script) device(L *lua.LState, fn string) uint32 {
	n, v := whole(L, fn, "dev")
	if n != int64(uint32(n)) {
		L.RaiseError("%s: %v is no device: they have 32 bits", fn, v)
	}
	return uint32(n)
}

func (*Script) ntop(L *lua.LState) int {
	var v lua.LValue
	family := 0
	unpack(L, "ntop", "address", &v, "family?", &family)
	b, ok := addressBytes(v)
	if !ok {
		L.RaiseError("ntop: %v", expected("a number of 32 bits, or 4 or 16 bytes", v))
	}
	const inet, inet6 = 2, 10 // AF_INET, AF_INET6
	switch {
	case family == inet && len(b) >= 4:
		b = b[:4]
	case family == 0, family == inet6 && len(b) == 16:
	case family == inet6:
		L.RaiseError("ntop: an IPv6 address has 16 bytes, got 4")
	default:
		L.RaiseError("ntop: family: expected 2 (AF_INET) or 10 (AF_INET6), got %d", family)
	}
	a, _ := netip.AddrFromSlice(b)
	L.Push(lua.LString(a.String()))
	return 1
}

// addressBytes returns the 4 or 16 bytes that v holds.
func addressBytes(v lua.LValue) (b []byte, ok bool) {
	switch v := v.(type) {
	case lua.LString:
		b = []byte(v)
	case *record:
		b = v.data[:min(len(v.data), v.layout.Size)]
	case *array:
		b = v.data[:min(len(v.data), v.typ.Size)]
		if v.typ.Elem.Kind == decode.Struct {
			return nil, false
		}
	case *lua.LTable:
		for i := 1; i <= min(v.Len(), 17); i++ {
			n, ok := integerOf(v.RawGetInt(i))
			if !ok || n.neg || n.mag > 255 {
				return nil, false
			}
			b = append(b, byte(n.mag))
		}
	default:
		n, ok := integerOf(v)
		switch {
		case !ok, !n.neg && n.mag > math.MaxUint32, n.neg && n.mag > 1<<31:
			return nil, false
		}
		b = binary.NativeEndian.AppendUint32(nil, uint32(n.bits())) // it is as it was in memory
	}
	return b, len(b) == 4 || len(b) == 16
}

func (*Script) strftime(L *lua.LState) int {
	var format string
	var at lua.LValue
	unpack(L, "strftime", "format", &format, "ns?", &at)
	when := time.Now()
	if at != nil {
		ns, ok := integerOf(at)
		switch {
		case !ok:
			L.RaiseError("strftime: ns: %v", expected("a whole number", at))
		case ns.neg, ns.mag > math.MaxInt64/2: // 146 years of uptime
			L.RaiseError("strftime: ns: %v is no time of the clock of bpf_ktime_get_ns", at)
		}
		when = readable.Moment(int64(ns.mag))
	}
	text := strftime.Format(format, when)
	if len(text) > maxString {
		L.RaiseError("strftime: the result would be larger than %d MB", maxString>>20)
	}
	L.Push(lua.LString(text))
	return 1
}
