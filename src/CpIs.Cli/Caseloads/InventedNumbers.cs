using System.Globalization;
using CpIs.Fhir;

namespace CpIs.Cli.Caseloads;

/// <summary>
/// Valid NHS numbers beginning 999, which are given to nobody: each once, in an order that depends on the seed. The
/// lowest are left to the samples.
/// </summary>
internal sealed class InventedNumbers(Draw draw)
{
    /// <summary>Numbers without their check digit that may be taken.</summary>
    private const int NumbersMax = 989_999;

    /// <summary>The first that is taken.</summary>
    private const int First = 10_000;

    /// <summary>A prime that does not divide the count, so that every number comes once.</summary>
    private const int Stride = 433_494_437 % NumbersMax;

    private readonly int start = draw.Below(NumbersMax);
    private int taken;

    /// <exception cref="InvalidOperationException">All have been given.</exception>
    public string Next()
    {
        while (taken < NumbersMax)
        {
            var nine = First + (int)((start + ((long)taken++ * Stride)) % NumbersMax);
            var text = "999" + nine.ToString("000000", CultureInfo.InvariantCulture);
            for (var check = '0'; check <= '9'; check++)
            {
                if (NhsNumber.TryParse(text + check, out var number))
                {
                    return number.Digits();
                }
            }
        }

        throw new InvalidOperationException("There are no more invented NHS numbers.");
    }
}
