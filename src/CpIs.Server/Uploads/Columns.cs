namespace CpIs.Server.Uploads;

/// <summary>The columns of a caseload: those a file must have, and those it may have. There are no others.</summary>
internal static class Columns
{
    public const string RowId = "row_id";
    public const string NhsNumber = "nhs_number";
    public const string Family = "family";
    public const string Given = "given";
    public const string OtherGiven = "other_given";
    public const string BirthDate = "birth_date";
    public const string PersonId = "person_id";
    public const string Plan = "plan";
    public const string Start = "start";
    public const string End = "end";
    public const string DueDate = "due_date";
    public const string Remove = "remove";
    public const string Follows = "follows_row_id";
    public const string Council = "council";

    public static readonly IReadOnlyList<string> Required =
        [RowId, NhsNumber, Family, Given, BirthDate, Plan, Start];

    /// <summary>In the order in which our own files have them.</summary>
    public static readonly IReadOnlyList<string> All =
    [
        RowId, NhsNumber, Family, Given, OtherGiven, BirthDate, PersonId, Plan, Start, End, DueDate, Remove, Follows,
        Council,
    ];
}
