using System.Buffers;
using System.Globalization;
using System.Text.Json;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using Npgsql;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// Proof that an entry stands in the signed ledger: what an outsider needs to check it with RFC 6962 §2.1.1 and the
/// deployment's public key, without trusting this server.
/// </summary>
internal sealed class ProveInclusion(TrailStore trail, LogStore log, NpgsqlDataSource database, AuditLog ledger)
{
    private const string RetrySeconds = "2";

    private readonly LedgerProofs proofs = new(database);

    public async Task AnswerAsync(Call call)
    {
        if (!Guid.TryParseExact(call.Id, "D", out var id))
        {
            throw Refused.NotFound();
        }

        var stop = call.Http.RequestAborted;
        var envelope = await trail.ReadAsync(id, SearchAuditEvents.Own(call.Caller), stop);
        if (envelope.Found == 0)
        {
            throw Refused.NotFound();
        }

        var entry = (await ledger.OpenAsync(envelope, call.Entry() with { ResourceId = call.Id }, oneEntry: true))!;
        var notes = (await log.NewestAsync(entry.Lane, stop)).Value;
        var proof = notes.Count > 0
            ? await proofs.InclusionAsync(entry.Lane, entry.Position, notes[0].Size, stop)
            : null;
        if (proof is null)
        {
            call.Http.Response.Headers.RetryAfter = RetrySeconds;
            await Answers.OutcomeAsync(call.Http, 503, [new("error", "transient", DetailCode.ServiceUnavailable,
                "No signed checkpoint covers this entry yet: ask again.")]);
            return;
        }

        await Answers.BytesAsync(call.Http, 200, Parameters(proof, notes[0].Text));
    }

    private static ReadOnlyMemory<byte> Parameters(InclusionProof proof, string note)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            json.WriteString("resourceType"u8, "Parameters"u8);
            json.WriteStartArray("parameter"u8);
            Write(json, "lane", "valueInteger", proof.Lane.ToString(CultureInfo.InvariantCulture), raw: true);
            Write(json, "leafIndex", "valueString", (proof.Position - 1).ToString(CultureInfo.InvariantCulture));
            Write(json, "treeSize", "valueString", proof.Size.ToString(CultureInfo.InvariantCulture));
            Write(json, "leafHash", "valueBase64Binary", Convert.ToBase64String(proof.LeafHash));
            foreach (var hash in proof.Hashes)
            {
                Write(json, "auditPath", "valueBase64Binary", Convert.ToBase64String(hash));
            }

            Write(json, "checkpoint", "valueString", note);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter json, string name, string type, string value, bool raw = false)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        if (raw)
        {
            json.WritePropertyName(type);
            json.WriteRawValue(value);
        }
        else
        {
            json.WriteString(type, value);
        }

        json.WriteEndObject();
    }
}
