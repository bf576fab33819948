using CpIs.Fhir;

namespace CpIs.Server.Notices;

/// <summary>
/// What a council can ask to be told of. Of each topic it says what happened, to which of its plans, and who was there;
/// a topic's name stands in the database and in its canonical URL.
/// </summary>
internal sealed class Topic
{
    /// <summary>R17: somebody looked, unscheduled, and was shown a plan.</summary>
    public static readonly Topic Access = new("access", "AuditEvent");

    /// <summary>R17: somebody with a plan attended, as their EPR reports it.</summary>
    public static readonly Topic Attendance = new("attendance", "Encounter");

    /// <summary>R9: an NHS number was superseded, or made invalid, or that was taken back.</summary>
    public static readonly Topic PersonChange = new("person-change", "Patient");

    /// <summary>R3: an unborn plan that is still open lapses, or did.</summary>
    public static readonly Topic PlanLapse = new("plan-lapse", "EpisodeOfCare");

    public static readonly IReadOnlyList<Topic> All = [Access, Attendance, PersonChange, PlanLapse];

    private Topic(string name, string focus)
    {
        Name = name;
        Focus = focus;
    }

    public string Name { get; }

    /// <summary>Type of the resource that a notice of this topic is about.</summary>
    public string Focus { get; }

    public string Url => $"{Systems.Base}/SubscriptionTopic/{Name}";

    /// <summary>By name or canonical URL; null when it is none of ours.</summary>
    public static Topic? Of(string? text) => All.FirstOrDefault(t => t.Name == text || t.Url == text);
}
