using CpIs.Fhir;

namespace CpIs.Server.Notices;

/// <summary>What a council asked for: of what it wants to hear, where, how much at a time.</summary>
internal sealed record Wish
{
    public required Topic Topic { get; init; }

    /// <summary>Kinds of plan it is limited to; empty: all.</summary>
    public IReadOnlyList<PlanKind> Kinds { get; init; } = [];

    public required string Reason { get; init; }

    public DateTimeOffset? End { get; init; }

    /// <summary>Null: nothing is pushed, the council reads <c>$events</c>.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Lines <c>Name: value</c> that every request to the endpoint carries.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>Media type of the notifications.</summary>
    public required string Payload { get; init; }

    /// <summary>empty, id-only or full-resource.</summary>
    public required string Content { get; init; }

    public int? HeartbeatSeconds { get; init; }

    public int? TimeoutSeconds { get; init; }

    /// <summary>Notices in one notification.</summary>
    public int? CountMax { get; init; }

    /// <summary>Minutes for which the first notice of a notification waits for others.</summary>
    public int? DigestMinutes { get; init; }

    /// <summary>The council wants to hear nothing for now.</summary>
    public bool Off { get; init; }
}

/// <summary>A Subscription as it stands in the table.</summary>
internal sealed record SubscriptionRow
{
    public required Guid Id { get; init; }

    public required string Council { get; init; }

    /// <summary>Who made it.</summary>
    public required string Client { get; init; }

    public required int Version { get; init; }

    public required DateTimeOffset Updated { get; init; }

    public required Wish Wish { get; init; }

    /// <summary>References in its notices begin with this.</summary>
    public required string Root { get; init; }

    public required string Status { get; init; }

    public string? Error { get; init; }

    /// <summary>When its receiver first answered; from then on notices are numbered for it.</summary>
    public DateTimeOffset? Activated { get; init; }

    /// <summary>Number of its last notice.</summary>
    public long Events { get; init; }

    /// <summary>Number of the last notice that its receiver took.</summary>
    public long Delivered { get; init; }

    public DateTimeOffset? HandshakeDue { get; init; }

    public DateTimeOffset? EventsDue { get; init; }

    public DateTimeOffset? HeartbeatDue { get; init; }

    public int Failures { get; init; }

    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>Its receiver failed for so long that nobody tries any more.</summary>
    public bool Parked { get; init; }

    /// <summary>Status on a day: what has ended is off.</summary>
    public string StatusAt(DateTimeOffset now) => Wish.End is { } end && end <= now ? "off" : Status;
}

/// <summary>One numbered notice, with the resources it is made of; the first is its focus.</summary>
internal sealed record Notice(
    Guid Subscription, long Number, DateTimeOffset Made, string NhsNumber, IReadOnlyList<Told> Resources);

/// <summary>A resource of a notice as it stood when the notice was made.</summary>
/// <param name="Reference">Type/id, or a urn:uuid.</param>
/// <param name="Version">Version; 0 where it has none.</param>
/// <param name="Body">UTF-8 JSON.</param>
internal sealed record Told(string Reference, int Version, byte[] Body)
{
    /// <summary>It was made for the notice and stands nowhere.</summary>
    public bool IsMade => Reference.StartsWith("urn:", StringComparison.Ordinal);

    public string Url(string root) => IsMade ? Reference : $"{root}/{Reference}";
}
