namespace CpIs.Cli.Caseloads;

/// <summary>
/// Chance that can be repeated: the same seed gives the same children on every machine and every version of .NET,
/// which the runtime's own generator does not promise. SplitMix64, https://prng.di.unimi.it/splitmix64.c.
/// </summary>
internal sealed class Draw(ulong seed)
{
    private const ulong Step = 0x9E3779B97F4A7C15;
    private const ulong FirstFactor = 0xBF58476D1CE4E5B9;
    private const ulong SecondFactor = 0x94D049BB133111EB;

    private const int Hundred = 100;

    private ulong state = seed;

    /// <summary>A number from 0 to one below.</summary>
    public int Below(int bound) => (int)(Next() % (ulong)bound);

    /// <summary>A number from one to the other, both included.</summary>
    public int Between(int least, int most) => least + Below(most - least + 1);

    public bool InHundred(int cases) => Below(Hundred) < cases;

    public T One<T>(IReadOnlyList<T> of) => of[Below(of.Count)];

    private ulong Next()
    {
        unchecked
        {
            state += Step;
            var mixed = state;
            mixed = (mixed ^ (mixed >> 30)) * FirstFactor;
            mixed = (mixed ^ (mixed >> 27)) * SecondFactor;
            return mixed ^ (mixed >> 31);
        }
    }
}
