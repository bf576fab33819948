namespace CpIs.Fhir.Validation;

/// <summary>
/// A FHIR date or dateTime as far as it goes: year, month, day, or an instant. Two of them compare only as far as both
/// are known, so that 2026-01 is neither before nor after 2026-01-15. https://hl7.org/fhir/R4/datatypes.html#dateTime
/// </summary>
internal readonly record struct DateTimes(int Year, int Month, int Day, bool HasTime, long UtcTicks)
{
    private const int HourMinutes = 60;
    private const int ZoneMinutesMax = 14 * HourMinutes;

    /// <summary>Whether this is certainly after the other.</summary>
    public bool IsAfter(DateTimes other)
    {
        if (HasTime && other.HasTime)
        {
            return UtcTicks > other.UtcTicks;
        }

        if (Year != other.Year || Month == 0 || other.Month == 0)
        {
            return Year > other.Year;
        }

        return Month != other.Month || Day == 0 || other.Day == 0 ? Month > other.Month : Day > other.Day;
    }

    public static bool TryRead(ReadOnlySpan<byte> text, out DateTimes found)
    {
        found = default;
        if (!Digits(text, 0, 4, out var year) || year == 0)
        {
            return false;
        }

        if (text.Length == 4)
        {
            found = new(year, 0, 0, false, 0);
            return true;
        }

        if (text[4] != '-' || !Digits(text, 5, 2, out var month) || month is < 1 or > 12)
        {
            return false;
        }

        if (text.Length == 7)
        {
            found = new(year, month, 0, false, 0);
            return true;
        }

        if (text[7] != '-' || !Digits(text, 8, 2, out var day) || day < 1
            || day > DateTime.DaysInMonth(year, month))
        {
            return false;
        }

        if (text.Length == 10)
        {
            found = new(year, month, day, false, 0);
            return true;
        }

        return text[10] == 'T' && WithTime(text[11..], new DateOnly(year, month, day), out found);
    }

    public static bool IsTime(ReadOnlySpan<byte> text) =>
        ReadTime(text, out _, out var length) && length == text.Length;

    private static bool WithTime(ReadOnlySpan<byte> text, DateOnly day, out DateTimes found)
    {
        found = default;
        if (!ReadTime(text, out var ticks, out var length) || !ReadZone(text[length..], out var zoneMinutes))
        {
            return false;
        }

        var utc = day.ToDateTime(TimeOnly.MinValue).Ticks + ticks - zoneMinutes * TimeSpan.TicksPerMinute;
        found = new(day.Year, day.Month, day.Day, true, utc);
        return true;
    }

    private static bool ReadTime(ReadOnlySpan<byte> text, out long ticks, out int length)
    {
        ticks = 0;
        length = 8;
        if (text.Length < 8 || text[2] != ':' || text[5] != ':'
            || !Digits(text, 0, 2, out var hour) || hour > 23
            || !Digits(text, 3, 2, out var minute) || minute > 59
            || !Digits(text, 6, 2, out var second) || second > 60)
        {
            return false;
        }

        ticks = new TimeSpan(hour, minute, second).Ticks;
        if (text.Length == 8 || text[8] != '.')
        {
            return true;
        }

        var unit = TimeSpan.TicksPerSecond;
        for (length = 9; length < text.Length && char.IsAsciiDigit((char)text[length]); length++)
        {
            unit /= 10;
            ticks += unit * (text[length] - '0');
        }

        return length > 9;
    }

    private static bool ReadZone(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text.SequenceEqual("Z"u8))
        {
            return true;
        }

        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':'
            || !Digits(text, 1, 2, out var hour) || !Digits(text, 4, 2, out var minute) || minute > 59)
        {
            return false;
        }

        minutes = hour * HourMinutes + minute;
        var allowed = minutes <= ZoneMinutesMax;
        minutes = text[0] == '-' ? -minutes : minutes;
        return allowed;
    }

    private static bool Digits(ReadOnlySpan<byte> text, int start, int count, out int number)
    {
        number = 0;
        if (text.Length < start + count)
        {
            return false;
        }

        foreach (var digit in text.Slice(start, count))
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            number = number * 10 + (digit - '0');
        }

        return true;
    }
}
