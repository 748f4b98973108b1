package bpf

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/ebpfx/ebpfx/bpf/internal/flow"
)

// VerifierError is the kernel's refusal of a program.
type VerifierError struct {
	Program string
	File    string // C source of the instruction at fault, as the compiler was given it; "" when unknown
	Line    int
	Source  string   // the C line itself
	Log     []string // the verifier's log, whole
	Err     error
}

// Error is one sentence with the last line of the log.
func (e *VerifierError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the kernel's verifier refuses program %s", e.Program)
	if e.File != "" {
		fmt.Fprintf(&b, " at %s:%d", e.File, e.Line)
	}
	reason := e.Err.Error()
	if last := e.Last(1); len(last) > 0 {
		reason = strings.TrimSpace(last[0])
	}
	if strings.Contains(reason, badRelocation) {
		reason = "it uses a field, type or enumerator that this kernel does not have"
	} else if m := unknownHelper.FindStringSubmatch(reason); m != nil {
		reason = "it calls " + numberedHelper(m[1]) + ", which this kernel does not have"
	}
	b.WriteString(": " + reason)
	return b.String()
}

// Unwrap returns the cause.
func (e *VerifierError) Unwrap() error { return e.Err }

// Last returns up to n lines of the log up to the reason, without the report and the statistics that follow it.
func (e *VerifierError) Last(n int) []string {
	log := e.Log
	if i := slices.IndexFunc(log, func(line string) bool { return strings.HasPrefix(line, reportTitle) }); i >= 0 {
		log = log[:i]
	}
	for len(log) > 0 && isStatistics(log[len(log)-1]) {
		log = log[:len(log)-1]
	}
	return log[max(0, len(log)-n):]
}

// reportTitle begins what recent kernels (7.3 is one) add behind the reason: an explanation of many lines.
const reportTitle = "Verification failed: "

// unknownHelper is how the log shows the call of a helper whose number the kernel does not know.
var unknownHelper = regexp.MustCompile(`invalid func unknown#(\d+)$`)

// numberedHelper names a helper whose number is in a text.
func numberedHelper(number string) string {
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil {
		return "helper " + number
	}
	return helperName(asm.BuiltinFunc(n))
}

// helperName returns the name in C of a helper.
func helperName(f asm.BuiltinFunc) string {
	name, ok := strings.CutPrefix(f.String(), "Fn")
	if !ok {
		return fmt.Sprintf("helper %d", int64(f))
	}
	var b strings.Builder
	b.WriteString("bpf")
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// badRelocation is how the log shows an instruction in place of a CO-RE relocation that found nothing in the kernel's
// BTF: a call of a helper that does not exist, 0xbad2310.
const badRelocation = "unknown#195896080"

// isStatistics: print_verification_stats in kernel/bpf/verifier.c.
func isStatistics(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "processed ") || strings.HasPrefix(line, "verification time ") ||
		strings.HasPrefix(line, "stack depth ") || strings.HasPrefix(line, "mark_precise: ")
}

// newVerifierError returns err as a VerifierError if it comes with the verifier's log.
func newVerifierError(spec *ebpf.ProgramSpec, err error) *VerifierError {
	var refusal *ebpf.VerifierError
	if !errors.As(err, &refusal) || len(refusal.Log) == 0 {
		return nil
	}
	e := &VerifierError{Program: spec.Name, Log: refusal.Log, Err: refusal.Cause}
	if line := lineAtFault(spec.Instructions, refusal.Log); line != nil {
		e.File, e.Line, e.Source = line.FileName(), int(line.LineNumber()), strings.TrimSpace(line.Line())
	}
	return e
}

// verifiedInstruction matches a line of the log that shows an instruction: "12: (85) call bpf_loop#181".
var verifiedInstruction = regexp.MustCompile(`^(\d+): \([0-9a-f]{2}\) `)

// lineAtFault returns the source of the last instruction that the log shows, or nil. Instructions carry it themselves, so that this does
// not depend on how a kernel writes source lines into its log.
func lineAtFault(insns asm.Instructions, log []string) *btf.Line {
	layout := flow.NewLayout(insns)
	for i := len(log) - 1; i >= 0; i-- {
		m := verifiedInstruction.FindStringSubmatch(log[i])
		if m == nil {
			continue
		}
		raw, err := strconv.Atoi(m[1])
		if err != nil {
			return nil
		}
		at, ok := layout.Index(raw)
		if !ok {
			return nil
		}
		for ; at >= 0; at-- {
			if line, ok := insns[at].Source().(*btf.Line); ok {
				return line
			}
		}
	}
	return nil
}
