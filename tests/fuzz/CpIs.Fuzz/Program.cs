using CpIs.Fuzz;
using SharpFuzz;

// The parent stays while a child checks: a stack overflow or a hang then costs the fuzzer one child, not the run.
var target = new Target();
Fuzzer.OutOfProcess.Run(target.Try);
