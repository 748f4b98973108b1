package executable

import "slices"

// Symbols returns the names of the functions that the file at l defines; none where it cannot be read.
func (l Location) Symbols() []string {
	f, err := l.Open()
	if err != nil {
		return nil
	}
	defer f.Close()
	functions, err := f.Functions()
	if err != nil {
		return nil
	}
	names := make([]string, len(functions))
	for i, fn := range functions {
		names[i] = fn.Name
	}
	return slices.Compact(names)
}
