package settle

// ShuffleTail puts the types at the end of an object's BTF into another order, as a compiler may have
// entered them, and their names too. It returns how many there are.
func ShuffleTail(object []byte, perm func(n int) []int) int {
	f := new(file)
	if err := f.read(object); err != nil {
		panic(err)
	}
	var types, ext []byte
	for _, s := range f.sections {
		switch s.name {
		case ".BTF":
			types = s.data
		case ".BTF.ext":
			ext = s.data
		}
	}
	b := &btfFile{order: f.order, types: types, ext: ext}
	if !b.readTypes() || !b.readExt() {
		panic("BTF is not understood")
	}
	b.moveTail(perm(len(b.tail)))
	return len(b.tail)
}
