using System.Globalization;
using System.Text.RegularExpressions;
using Hl7.Fhir.FhirPath;
using Hl7.Fhir.Model;
using Hl7.Fhir.Serialization;
using Hl7.FhirPath;

namespace CpIs.Cli.Checks;

/// <summary>
/// One thing an answer must be: a status (<c>200</c>), a header (<c>header ETag</c>, <c>header Content-Type =
/// value</c>),
/// or what FHIRPath finds true of the resource in it. http://hl7.org/fhirpath/N1/
/// </summary>
internal abstract partial record Expectation(string Text)
{
    private static readonly FhirJsonDeserializer Parser =
        new(new DeserializerSettings().UsingMode(DeserializationMode.Recoverable));

    /// <summary>Reads one.</summary>
    /// <exception cref="FormatException">The expression is no FHIRPath.</exception>
    public static Expectation Parse(string text)
    {
        if (IsStatus().IsMatch(text))
        {
            return new OfStatus(text, int.Parse(text, CultureInfo.InvariantCulture));
        }

        if (IsHeader().Match(text) is { Success: true } header)
        {
            return new OfHeader(text, header.Groups[1].Value,
                header.Groups[2].Success ? header.Groups[2].Value.Trim() : null);
        }

        try
        {
            return new OfResource(text, new FhirPathCompiler().Compile(text));
        }
        catch (FormatException wrong)
        {
            throw new FormatException($"@expect {text}: {wrong.Message}", wrong);
        }
    }

    /// <summary>Null when the answer is as expected, else what it is instead.</summary>
    public abstract string? Differs(GivenAnswer answer);

    [GeneratedRegex(@"^\d{3}$")]
    private static partial Regex IsStatus();

    [GeneratedRegex(@"^header ([\w-]+)(?: = (.+))?$")]
    private static partial Regex IsHeader();

    private sealed record OfStatus(string Text, int Status) : Expectation(Text)
    {
        public override string? Differs(GivenAnswer answer) => answer.Status == Status ? null
            : answer.Status.ToString(CultureInfo.InvariantCulture);
    }

    private sealed record OfHeader(string Text, string Name, string? Value) : Expectation(Text)
    {
        public override string? Differs(GivenAnswer answer) =>
            !answer.Headers.TryGetValue(Name, out var value) ? "no such header"
            : Value is null || Value == value ? null : value;
    }

    private sealed record OfResource(string Text, CompiledExpression Expression) : Expectation(Text)
    {
        public override string? Differs(GivenAnswer answer)
        {
            Resource resource;
            try
            {
                resource = Parser.DeserializeResource(answer.Body);
            }
            catch (Exception none) when (none is DeserializationFailedException or FormatException)
            {
                return "no FHIR resource in JSON";
            }

            return Expression.IsTrue(resource.ToPocoNode(), new FhirEvaluationContext()) ? null : "not so";
        }
    }
}

/// <summary>An answer as far as it is looked at.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Headers">Headers of answer and content, by name whatever its case.</param>
/// <param name="Body">The body as text.</param>
internal sealed record GivenAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string Body);
