using CpIs.Fhir;

namespace CpIs.Server.Patients;

/// <summary>What a register says of one NHS number at this moment.</summary>
/// <param name="Number">The number.</param>
/// <param name="SupersededBy">The number that replaced it; null when none does.</param>
/// <param name="Invalid">True when it was made invalid without a successor, as after an adoption.</param>
internal sealed record NumberState(NhsNumber Number, NhsNumber? SupersededBy, bool Invalid = false);

/// <summary>What became of one <see cref="NumberState"/>.</summary>
/// <param name="Changed">Links made, withdrawn, marks set or taken away; false when all was so already.</param>
/// <param name="Refused">Why nothing was done; null when it was taken.</param>
internal sealed record NumberAnswer(bool Changed, string? Refused);

/// <summary>One fact about numbers that begins or ends: a link, or without To the mark of an invalid number.</summary>
internal sealed record NumberFact(string From, string? To);

/// <summary>The links and marks in force among some numbers, and all that hang together with them.</summary>
internal sealed record NumbersHeld(IReadOnlyDictionary<string, string> Successors, IReadOnlySet<string> Invalid);
