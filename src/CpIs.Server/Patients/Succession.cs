using CpIs.Fhir;

namespace CpIs.Server.Patients;

/// <summary>
/// R9: decides what a register's word does to the links between NHS numbers. One successor at a time, no circle, a
/// bounded number of numbers to a person, and nothing ever linked to a number that was made invalid without a
/// successor. It asks no database.
/// </summary>
internal sealed class Succession(NumbersHeld held)
{
    /// <summary>Numbers one person may have; <c>cpis.linked</c> follows no further.</summary>
    public const int NumbersMax = 16;

    private readonly Dictionary<string, string> successors = new(held.Successors);
    private readonly HashSet<string> invalid = [.. held.Invalid];

    /// <summary>Links and marks to make, in order.</summary>
    public List<NumberFact> Begun { get; } = [];

    /// <summary>Links and marks to withdraw, in order; they end before any begins.</summary>
    public List<NumberFact> Ended { get; } = [];

    /// <summary>Takes one word of the register, or refuses it and changes nothing.</summary>
    public NumberAnswer Take(NumberState state)
    {
        var number = state.Number.Digits();
        var to = state.SupersededBy?.Digits();
        if (to is not null && Refusal(number, to, state.Invalid) is { } why)
        {
            return new(false, why);
        }

        var before = Begun.Count + Ended.Count;
        if (successors.TryGetValue(number, out var old) && old != to)
        {
            End(number, old);
        }

        if (to is not null && !successors.ContainsKey(number))
        {
            successors.Add(number, to);
            Begun.Add(new(number, to));
        }

        Mark(number, state.Invalid);
        return new(Begun.Count + Ended.Count > before, null);
    }

    private string? Refusal(string number, string to, bool alsoInvalid) =>
        alsoInvalid ? "A superseded number has a successor: it cannot be invalid without one."
        : number == to ? "A number does not supersede itself."
        : invalid.Contains(number) || invalid.Contains(to)
            ? "A number made invalid without a successor is never linked to another."
        : LeadsTo(to, number) ? "The link would close a circle."
        : successors.GetValueOrDefault(number) != to && People(number, to) > NumbersMax
            ? $"A person would have more than {NumbersMax} NHS numbers."
        : null;

    /// <summary>R9, adoption: with the mark every link of the number ends, both ways.</summary>
    private void Mark(string number, bool isInvalid)
    {
        if (!isInvalid)
        {
            if (invalid.Remove(number))
            {
                Ended.Add(new(number, null));
            }

            return;
        }

        foreach (var (from, to) in successors.Where(s => s.Value == number).ToList())
        {
            End(from, to);
        }

        if (invalid.Add(number))
        {
            Begun.Add(new(number, null));
        }
    }

    /// <summary>One that begins and ends in the same breath was never there.</summary>
    private void End(string from, string to)
    {
        successors.Remove(from);
        if (!Begun.Remove(new(from, to)))
        {
            Ended.Add(new(from, to));
        }
    }

    private bool LeadsTo(string from, string sought)
    {
        for (string? at = from; at is not null; at = successors.GetValueOrDefault(at))
        {
            if (at == sought)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Numbers that would hang together, once the old link of the first is gone.</summary>
    private int People(string number, string to)
    {
        var seen = new HashSet<string> { number, to };
        var grown = true;
        while (grown)
        {
            grown = false;
            foreach (var (from, next) in successors.Where(s => s.Key != number))
            {
                grown |= (seen.Contains(from) && seen.Add(next)) || (seen.Contains(next) && seen.Add(from));
            }
        }

        return seen.Count;
    }
}
