using System.Globalization;
using System.Text;
using System.Text.Json;
using CpIs.Server.Access;

namespace CpIs.Server.AuditTrail;

/// <summary>How questions to the ledger are read and answered, in the open part of it and in the auditors'.</summary>
internal static class LogAnswers
{
    /// <summary>For what grows.</summary>
    private const string Never = "no-store";

    /// <summary>For what can never be otherwise: anybody may keep it.</summary>
    private const string Always = "public, max-age=31536000, immutable";

    private static readonly JsonSerializerOptions Wire = JsonSerializerOptions.Web;

    public static int Lane(Call call) =>
        int.Parse((string)call.Http.Request.RouteValues["lane"]!, CultureInfo.InvariantCulture);

    public static long Number(Call call, string name) =>
        long.TryParse(call.Http.Request.Query[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Refused.BadSearch($"{name} must be a whole number.");

    public static Task JsonAsync<T>(Call call, T value, bool isFinal = false) =>
        WriteAsync(call, "application/json", JsonSerializer.SerializeToUtf8Bytes(value, Wire), isFinal);

    public static Task TextAsync(Call call, string text) =>
        WriteAsync(call, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));

    public static Task BytesAsync(Call call, byte[] bytes) =>
        WriteAsync(call, "application/octet-stream", bytes, isFinal: true);

    public static void Start(Call call, string type, bool isFinal = false)
    {
        call.Http.Response.StatusCode = StatusCodes.Status200OK;
        call.Http.Response.ContentType = type;
        call.Http.Response.Headers.CacheControl = isFinal ? Always : Never;
        call.Http.Response.Headers.XContentTypeOptions = "nosniff";
    }

    private static Task WriteAsync(Call call, string type, byte[] body, bool isFinal = false)
    {
        Start(call, type, isFinal);
        call.Http.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(call.Http.Request.Method)
            ? Task.CompletedTask
            : call.Http.Response.Body.WriteAsync(body, call.Http.RequestAborted).AsTask();
    }
}
