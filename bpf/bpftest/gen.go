package bpftest

//go:generate go tool bpf2go -target bpfel -no-global-types producer ../testdata/producer.bpf.c -- -mcpu=v3 -Wall -Werror -include ../../builder/header/events.h
