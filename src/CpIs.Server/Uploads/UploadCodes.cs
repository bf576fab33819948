using CpIs.Fhir;

namespace CpIs.Server.Uploads;

/// <summary>The codes that councils know from the service before this one, for a file and for a record.</summary>
internal static class UploadCodes
{
    public const string System = Systems.Base + "/CodeSystem/CpIs-Upload";

    public const string Unreadable = "CPF01";
    public const string AllLoaded = "CPF02";
    public const string SomeLoaded = "CPF03";
    public const string NoneLoaded = "CPF04";
    public const string DemographicsDown = "CPF05";

    public const string NoSuchNumber = "CPR01";
    public const string Sensitive = "CPR02";
    public const string Differs = "CPR03";
    public const string Number = "CPR04";
    public const string Superseded = "CPR05";
    public const string Loaded = "CPR06";
    public const string NotLoaded = "CPR07";

    /// <summary>The whole file cannot be read: nothing of it is kept.</summary>
    public static readonly DetailCode UnreadableFile = new(System, Unreadable, "The file cannot be read");

    /// <summary>Nothing of the file is loaded.</summary>
    public static readonly DetailCode NothingLoaded = new(System, NoneLoaded, "Nothing was loaded");
}
