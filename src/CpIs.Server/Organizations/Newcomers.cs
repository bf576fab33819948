using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Organizations;

/// <summary>
/// Organisations that the register does not know, or has inactive, whose people come with a valid token all the same: a
/// trust that merged last week. They are answered for a while, marked, and the registrar is told, since a doctor who is
/// turned away in an emergency is a child unseen.
/// </summary>
internal sealed class Newcomers(
    OrganizationStore store, TimeProvider clock, ILogger<Newcomers> log)
{
    /// <summary>What the entry of a marked answer says.</summary>
    public const string Mark = "UNREGISTERED_ORGANISATION";

    /// <summary>Organisations remembered.</summary>
    private const int RememberedMax = 1_000;

    /// <summary>How long they are answered.</summary>
    private static readonly TimeSpan AnsweredFor = TimeSpan.FromDays(30);

    /// <summary>How long another server's word on one may go unheard.</summary>
    private static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (DateTimeOffset Since, DateTimeOffset At)> known = new();

    /// <summary>
    /// Marks the call of one whose organisation is not registered; not of those who keep the register, nor of the
    /// national organisation: they could lock themselves out.
    /// </summary>
    /// <exception cref="Refused">403 when its days are over.</exception>
    public async ValueTask MeetAsync(Call call, OrganizationRow? organisation)
    {
        if (organisation is { Active: true } || call.Caller.Kind == Who.Registrar || call.Caller.National)
        {
            return;
        }

        var now = clock.GetUtcNow();
        var until = await SinceAsync(call.Caller.Organisation, now) + AnsweredFor;
        if (now >= until)
        {
            throw Refused.Denied(
                "Your organisation is not in the register, or no longer active: the registrar can put it there.");
        }

        call.Mark = Mark;
        call.Http.Response.Headers.Warning = string.Create(CultureInfo.InvariantCulture,
            $"299 - \"Your organisation is not in the register: answered until {until:yyyy-MM-dd}\"");
    }

    /// <summary>The list of them, for the registrar.</summary>
    public async Task AnswerAsync(Call call)
    {
        var all = (await store.UnregisteredAsync(call.Http.RequestAborted)).Value;
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            json.WriteString("resourceType"u8, "Parameters"u8);
            if (all.Count > 0)
            {
                json.WriteStartArray("parameter"u8);
                foreach (var one in all)
                {
                    Write(json, one);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        await Answers.BytesAsync(call.Http, 200, buffer.WrittenMemory);
    }

    /// <summary>Forgets one that was registered here.</summary>
    public void Forget(string ods) => known.TryRemove(ods, out _);

    private async ValueTask<DateTimeOffset> SinceAsync(string ods, DateTimeOffset now)
    {
        if (known.TryGetValue(ods, out var held) && now - held.At < FreshFor && now >= held.At)
        {
            return held.Since;
        }

        var since = (await store.MeetAsync(ods, now)).Value;
        if (known.Count >= RememberedMax)
        {
            known.Clear();
        }

        if (!known.ContainsKey(ods))
        {
            log.NotRegistered(ods, since + AnsweredFor);
        }

        known[ods] = (since, now);
        return since;
    }

    private static void Write(Utf8JsonWriter json, UnregisteredRow one)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, "organization"u8);
        json.WriteStartArray("part"u8);
        json.WriteStartObject();
        json.WriteString("name"u8, "ods"u8);
        json.WriteString("valueString"u8, one.Ods);
        json.WriteEndObject();
        WriteMoment(json, "since", one.Since);
        WriteMoment(json, "answered-until", one.Since + AnsweredFor);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMoment(Utf8JsonWriter json, string name, DateTimeOffset at)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteString("valueInstant"u8, at.UtcDateTime
            .ToString("yyyy-MM-ddTHH:mm:ss'Z'", CultureInfo.InvariantCulture));
        json.WriteEndObject();
    }
}
