// Package testprog embeds the programs that the tests of package bpf load.
package testprog

// Sources lie in bpf/testdata. They are compiled as package builder compiles: with the header that leaves the types of events in
// the object, save for two that stand for objects of other builds.

//go:generate go tool bpf2go -target bpfel -no-global-types streams ../../testdata/streams.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types bare ../../testdata/bare.bpf.c -- -mcpu=v3 -Wall -Werror
//go:generate go tool bpf2go -target bpfel -no-global-types event ../../testdata/event.bpf.c -- -mcpu=v3 -Wall -Werror
//go:generate go tool bpf2go -target bpfel -no-global-types attach ../../testdata/attach.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types globals ../../testdata/globals.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types refused ../../testdata/refused.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types refusedAlone ../../testdata/refused_alone.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types missing ../../testdata/missing.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types sections ../../testdata/sections.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types calls ../../testdata/calls.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types alternatives ../../testdata/alternatives.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types maps ../../testdata/maps.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types access ../../testdata/access.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types accessLater ../../testdata/access_later.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types accessNamed ../../testdata/access_named.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types accessNewest ../../testdata/access_newest.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types functions ../../testdata/functions.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types uprobe ../../testdata/uprobe.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types usdt ../../testdata/usdt.bpf.c -- -mcpu=v3 -Wall -Werror -D__TARGET_ARCH_x86 -idirafter /usr/include/x86_64-linux-gnu -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types kinds ../../testdata/kinds.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types usdtIndexed ../../testdata/usdt_indexed.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types relocated ../../testdata/relocated.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
//go:generate go tool bpf2go -target bpfel -no-global-types relocatedBeyond ../../testdata/relocated_beyond.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../../builder/header/events.h
