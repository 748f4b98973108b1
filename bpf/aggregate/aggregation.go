package aggregate

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/ebpfx/ebpfx/bpf/decode"
	"github.com/ebpfx/ebpfx/bpf/readable"
)

// Kind is what an Aggregation makes of values.
type Kind uint8

// Kinds. All but Count are about the field Of.
const (
	Count     Kind = iota // how many there were
	Sum                   // exact for integers; a sum that no 64 bits hold is the nearest float
	Avg                   // the arithmetic mean
	Min                   // the least
	Max                   // the greatest
	Hist                  // a histogram by powers of two
	Linear                // a histogram by equal steps
	Quantiles             // values below which shares of all lie, within QuantileError
	Distinct              // how many different ones there are, within DistinctError; also of text
)

// String returns what results of the kind are called.
func (k Kind) String() string {
	return [...]string{"count", "sum", "avg", "min", "max", "hist", "lhist", "quantiles", "distinct"}[k]
}

// Options say what New makes.
type Options struct {
	Kind Kind
	By   []string // the fields that make a key, by their paths, see Steps
	Of   string   // the field whose values are dealt with; "" for Count
	Unit string   // of the values: those of Of are converted to it where the name of that says in which unit they are
	Raw  bool     // parts of keys are shown as the numbers that they are, whatever package readable says
	// MaxKeys is how many keys have results of their own. 0: as many as take some 100 MB at most, see DefaultKeys.
	MaxKeys int

	From, To, Step float64   // of Linear
	Shares         []float64 // of Quantiles, from 0 to 1; nil: DefaultShares
}

// DefaultShares are the quantiles that are told where none are asked for.
var DefaultShares = []float64{0.5, 0.9, 0.99}

// DefaultKeys returns how many keys an Aggregation of the kind has room for where Options do not say.
func (k Kind) DefaultKeys() int {
	switch k {
	case Hist, Linear:
		return 1 << 18
	case Quantiles, Distinct:
		return 1 << 14
	}
	return 1 << 20
}

// mostKeys is how many keys can be numbered.
const mostKeys = 1 << 30

// Aggregation is a result for each key. It is not safe for concurrent use.
type Aggregation struct {
	Options
	index   *index
	store   store
	columns []*decode.Type // of the parts of a key, as the records say that were bound first; nil: unknown
	shown   []shown        // and how they are shown
	width   int            // how many parts keys have; -1 where the first key tells
	ignored uint64
	key     []byte // that is being looked up
	unit    conversion
}

// shown is how the numbers of a field are shown: as package readable shows those of the struct.
type shown struct {
	reading *readable.Reading
	typ     *decode.Type // the struct
	field   *decode.Field
}

// Result is what is known of a key.
type Result struct {
	Number    Number // Count, Sum, Avg, Min, Max and Distinct: the result. Else how many values there were.
	Values    uint64 // how many values there were
	Buckets   []Bucket
	Quantiles []Quantile
	Min, Max  Number // of Quantiles
}

// Entry is a key and its result.
type Entry struct {
	Key []Value // as many as Options.By; nil for the bucket of all other keys
	Result
}

// New returns an empty Aggregation. The error says what is wrong with o.
func New(o Options) (*Aggregation, error) {
	switch {
	case o.MaxKeys < 0 || o.MaxKeys > mostKeys:
		return nil, fmt.Errorf("max_keys: expected a number up to %d, got %d", mostKeys, o.MaxKeys)
	case o.MaxKeys == 0:
		o.MaxKeys = o.Kind.DefaultKeys()
	}
	if o.Kind == Count && o.Of != "" {
		return nil, errors.New("of: a count is of nothing; by names what is counted")
	}
	if o.Shares == nil {
		o.Shares = DefaultShares
	}
	for _, s := range o.Shares {
		if !(s >= 0 && s <= 1) {
			return nil, fmt.Errorf("expected shares from 0 to 1, got %v", s)
		}
	}
	if o.Kind == Linear {
		if err := o.checkSteps(); err != nil {
			return nil, err
		}
	}
	for _, path := range append(slices.Clone(o.By), o.Of) {
		if _, err := Steps(path); err != nil {
			return nil, err
		}
	}
	unit, err := convert(o.Of, o.Unit)
	if err != nil {
		return nil, err
	}
	a := &Aggregation{Options: o, unit: unit, width: len(o.By), columns: make([]*decode.Type, len(o.By)), shown: make([]shown, len(o.By))}
	if len(o.By) == 0 {
		a.width = -1
	}
	a.Clear()
	return a, nil
}

func (o *Options) checkSteps() error {
	// What is not a number fails every comparison.
	if !(o.Step > 0 && o.To > o.From && !math.IsInf(o.To-o.From, 0)) {
		return fmt.Errorf("expected from below to and a step above 0, got from=%v, to=%v, step=%v", o.From, o.To, o.Step)
	}
	if n := math.Ceil((o.To - o.From) / o.Step); n > maxSteps {
		return fmt.Errorf("from %v to %v there are %.0f steps of %v, more than %d", o.From, o.To, n, o.Step, maxSteps)
	}
	if o.From+o.Step == o.From || o.To-o.Step == o.To {
		return fmt.Errorf("a step of %v makes no difference to %v", o.Step, o.To)
	}
	return nil
}

// Clear forgets all keys and values.
func (a *Aggregation) Clear() {
	a.index = newIndex()
	a.ignored = 0
	switch a.Kind {
	case Count:
		a.store = &counts{}
	case Sum, Avg:
		a.store = &totals{average: a.Kind == Avg}
	case Min, Max:
		a.store = &extremes{lower: a.Kind == Min}
	case Hist:
		a.store = &windows{at: powerOf2, bounds: powerOf2Bounds}
	case Linear:
		l := linear{a.From, a.Step, int(math.Ceil((a.To - a.From) / a.Step))}
		a.store = &windows{at: l.at, bounds: l.bounds}
	case Quantiles:
		a.store = &sketches{shares: a.Shares}
	case Distinct:
		a.store = &cardinalities{}
	}
	a.store.grow() // for all other keys
}

// cell returns where the store has key: 0 where there is no room for it.
func (a *Aggregation) cell(key []byte) int {
	i, hash := a.index.find(key)
	if i != 0 {
		return i
	}
	if a.index.len() >= a.MaxKeys {
		return 0
	}
	if i = a.index.add(key, hash); i != 0 {
		a.store.grow()
	}
	return i
}

// Bind returns what takes the records of type t, one after the other; it keeps nothing of their bytes. The error says what t lacks.
func (a *Aggregation) Bind(t *decode.Type) (take func(record []byte), err error) {
	by := make([]field, len(a.By))
	for i, path := range a.By {
		if by[i], err = a.find(t, path); err != nil {
			return nil, err
		}
	}
	var of field
	if a.Kind != Count {
		if of, err = a.values(t); err != nil {
			return nil, err
		}
	}
	for i := range by {
		if a.columns[i] == nil {
			a.columns[i] = by[i].Type
			if !a.Raw {
				a.shown[i] = by[i].reading(t)
			}
		}
	}
	a.width = len(by)
	switch a.Kind {
	case Count:
		return func(record []byte) { a.store.(*counts).n[a.cell(a.keyOf(by, record))]++ }, nil
	case Distinct:
		var value []byte
		return func(record []byte) {
			if value = of.appendKey(value[:0], record); valueKind(value[0]) == absent {
				a.ignored++
				return
			}
			a.store.(*cardinalities).insert(a.cell(a.keyOf(by, record)), value)
		}, nil
	}
	return func(record []byte) {
		n, ok := of.number(record)
		if !ok || n.IsNaN() {
			a.ignored++
			return
		}
		if a.unit.applies() {
			n = a.unit.of(n)
		}
		a.store.add(a.cell(a.keyOf(by, record)), n)
	}, nil
}

// keyOf returns the key that the fields of record make, until the next call.
func (a *Aggregation) keyOf(by []field, record []byte) []byte {
	key := a.key[:0]
	for i := range by {
		key = by[i].appendKey(key, record)
	}
	a.key = key
	return key
}

// ErrKey is the error about a key of the wrong number of parts.
var ErrKey = errors.New("the key has another number of parts")

// Converted returns a value of the field Of in the unit that results are in.
func (a *Aggregation) Converted(n Number) Number {
	if !a.unit.applies() {
		return n
	}
	return a.unit.of(n)
}

// Add takes n, in the unit that results are in, for a key; Count adds n, which is to be a whole number from 0, others take it for one value. What is not a number is
// ignored, as Ignored tells.
func (a *Aggregation) Add(key []Value, n Number) error {
	if a.Kind == Count && n.kind != unsigned {
		return fmt.Errorf("count: expected a whole number from 0, got %s", n.AppendText(nil))
	}
	if n.IsNaN() {
		a.ignored++
		return nil
	}
	i, err := a.cellOf(key)
	if err == nil {
		a.store.add(i, n)
	}
	return err
}

// AddValue takes a value of any sort for a key of a Distinct.
func (a *Aggregation) AddValue(key []Value, v Value) error {
	c, ok := a.store.(*cardinalities)
	if !ok {
		return fmt.Errorf("%s: expected a number", a.Kind)
	}
	i, err := a.cellOf(key)
	if err == nil {
		c.insert(i, v.appendKey(nil))
	}
	return err
}

func (a *Aggregation) cellOf(key []Value) (int, error) {
	if a.width < 0 {
		a.width = len(key)
		a.columns, a.shown = make([]*decode.Type, len(key)), make([]shown, len(key))
	}
	if len(key) != a.width {
		return 0, fmt.Errorf("%w: %d instead of %d", ErrKey, len(key), a.width)
	}
	a.key = appendKey(a.key[:0], key)
	return a.cell(a.key), nil
}

func appendKey(dst []byte, key []Value) []byte {
	for _, v := range key {
		dst = v.appendKey(dst)
	}
	return dst
}

// Get returns the result for a key. ok is false where there is none.
func (a *Aggregation) Get(key []Value) (r Result, ok bool) {
	i, _ := a.index.find(appendKey(nil, key))
	if i == 0 {
		return Result{}, false
	}
	r = a.store.result(i)
	return r, r.Values > 0
}

// Other returns the result for all keys that there was no room for. ok is false where there are none.
func (a *Aggregation) Other() (r Result, ok bool) {
	r = a.store.result(0)
	return r, r.Values > 0
}

// Len returns how many keys there are.
func (a *Aggregation) Len() int { return a.index.len() }

// Ignored returns how many values were left out since they are not a number, or since their record ended before the field.
func (a *Aggregation) Ignored() uint64 { return a.ignored }

// KeyLen returns how many parts a key has.
func (a *Aggregation) KeyLen() int { return max(a.width, 0) }

// All yields the entries in the order in which their keys came first.
func (a *Aggregation) All() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for i := range a.index.len() {
			if !yield(a.entry(i + 1)) {
				return
			}
		}
	}
}

// Top returns the n entries with the greatest results, or with the most values where a result is no number, the greatest first; all
// where n is negative. For Min the least are first. Equal ones are in the order of their keys.
func (a *Aggregation) Top(n int) []Entry {
	order := make([]int, a.index.len())
	ranks := make([]Number, len(order)+1)
	for i := range order {
		order[i] = i + 1
		ranks[i+1] = a.store.rank(i + 1)
	}
	slices.SortFunc(order, func(i, j int) int {
		c := ranks[j].Compare(ranks[i])
		if a.Kind == Min {
			c = -c
		}
		if c != 0 {
			return c
		}
		return compareKeys(a.index.key(i), a.index.key(j))
	})
	if n >= 0 && n < len(order) {
		order = order[:n]
	}
	entries := make([]Entry, len(order))
	for i, at := range order {
		entries[i] = a.entry(at)
	}
	return entries
}

func (a *Aggregation) entry(i int) Entry {
	e := Entry{Result: a.store.result(i), Key: make([]Value, 0, len(a.columns))}
	key := a.index.key(i)
	for _, typ := range a.columns {
		var v Value
		v, key = cutValue(key, typ)
		e.Key = append(e.Key, v)
	}
	return e
}

// compareKeys orders keys part by part: numbers by size, text by its bytes.
func compareKeys(a, b []byte) int {
	for len(a) > 0 && len(b) > 0 {
		var v, w Value
		v, a = cutValue(a, nil)
		w, b = cutValue(b, nil)
		if c := v.compare(w); c != 0 {
			return c
		}
	}
	return len(a) - len(b)
}

func (v Value) compare(w Value) int {
	if v.kind != w.kind {
		return int(v.kind) - int(w.kind)
	}
	if v.kind == textual || v.kind == data {
		return strings.Compare(v.text, w.text)
	}
	return v.number.Compare(w.number)
}
