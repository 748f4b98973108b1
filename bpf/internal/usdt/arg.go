package usdt

import (
	"debug/elf"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Kind is where an argument is.
type Kind uint8

// Kinds of arguments.
const (
	Unreadable Kind = iota // where programs do not get at it, as in a floating-point register
	Const                  // Value
	Register               // Reg
	Memory                 // at Reg + Value
	Indexed                // at Reg + Index<<Shift + Value
)

// Arg says where an argument is, in terms of the registers that a program is given: struct pt_regs, or struct user_pt_regs where
// the architecture has that.
type Arg struct {
	Kind   Kind
	Size   int // in bytes: 1, 2, 4 or 8
	Signed bool
	Value  int64
	Reg    int // the register's offset in the struct
	Index  int // as well
	Shift  int
	Why    error // it is Unreadable
}

// Place is what the arguments of a site refer to.
type Place struct {
	// Machine is what the binary is for.
	Machine elf.Machine
	// Site is the address of the instruction that programs find the instruction pointer at.
	Site uint64
	// Symbol returns the address of a variable of the binary. nil: no symbol is known.
	Symbol func(name string) (address uint64, ok bool)
}

// ParseArgs reads where the arguments of a site are: "-4@%edi 8@-16(%rbp) 1@$7". What cannot be read or understood of one is no
// harm to the others.
func ParseArgs(text string, place Place) []Arg {
	arch := architectures[place.Machine]
	var args []Arg
	for _, field := range splitArgs(text) {
		arg := Arg{Size: 8}
		if arch == nil {
			arg.unreadable(fmt.Errorf("arguments of binaries for %s are not known to programs", place.Machine))
		} else if err := arg.parse(field, arch, place); err != nil {
			arg.unreadable(err)
		}
		args = append(args, arg)
	}
	return args
}

// splitArgs splits at spaces. Those in an operand, as in "-4@[sp, 96]", do not count: what goes on there has no @.
func splitArgs(text string) []string {
	var args []string
	for _, field := range strings.Fields(text) {
		if strings.Contains(field, "@") || len(args) == 0 {
			args = append(args, field)
			continue
		}
		args[len(args)-1] += field
	}
	return args
}

func (a *Arg) unreadable(why error) { *a = Arg{Size: a.Size, Signed: a.Signed, Why: why} }

// parse reads "SIZE@OPERAND". The size of signed numbers has a minus, that of floating-point numbers an f behind it.
func (a *Arg) parse(text string, arch *architecture, place Place) error {
	size, rest, ok := strings.Cut(text, "@")
	if !ok {
		return fmt.Errorf(`%q is not written "size@operand"`, text)
	}
	number, float := strings.CutSuffix(size, "f")
	n, err := strconv.ParseInt(number, 10, 8)
	if err != nil {
		return fmt.Errorf("the size %q is no number of bytes", size)
	}
	switch max(n, -n) {
	case 1, 2, 4, 8:
	default:
		return fmt.Errorf("it has %s bytes; programs read 1, 2, 4 or 8", strings.TrimPrefix(number, "-"))
	}
	a.Size, a.Signed = int(max(n, -n)), n < 0
	o, ok := arch.parse(rest)
	if !ok {
		return fmt.Errorf("%q is no operand of %s", rest, place.Machine)
	}
	if float && !o.memory {
		return errors.New("it is a floating-point number in a register")
	}
	return a.place(o, arch, place)
}

// operand is what an assembler takes: a constant, a register, or memory at symbol + displacement + base + index<<shift.
type operand struct {
	constant     bool
	memory       bool
	displacement int64 // or the constant
	symbol       string
	base, index  string // registers; "" for none
	shift        int
	segment      string // what the address counts from, where it is not the start of memory
}

// place says where o is.
func (a *Arg) place(o operand, arch *architecture, place Place) (err error) {
	a.Value, a.Shift = o.displacement, o.shift
	if o.segment != "" {
		return fmt.Errorf("it is memory of a thread, at %s", o.segment)
	}
	if o.symbol != "" {
		if place.Symbol == nil {
			return fmt.Errorf("it is at %s, and the binary has no symbols", o.symbol)
		}
		address, ok := place.Symbol(o.symbol)
		if !ok {
			return fmt.Errorf("it is at %s, of which the binary has no symbol", o.symbol)
		}
		a.Value += int64(address)
	}
	if o.constant {
		a.Kind = Const
		return nil
	}
	if o.memory && (o.base == "" || o.base == arch.pointer && o.symbol != "") {
		// What a program knows of where the binary was loaded to is the address of the instruction.
		o.base = arch.pointer
		a.Value -= int64(place.Site)
	}
	if a.Reg, err = arch.register(o.base); err != nil {
		return err
	}
	switch {
	case !o.memory:
		a.Kind = Register
	case o.index == "":
		a.Kind = Memory
	default:
		a.Kind = Indexed
		a.Index, err = arch.register(o.index)
	}
	return err
}
