CodeSystem: CpIsAlert
Id: CpIs-Alert
Title: "Alert"
Description: "What auditors are told to look at: subtypes of an AuditEvent whose type is DICOM's Security Alert."
* ^experimental = false
* ^caseSensitive = true
* #browsing "One person looked at more people in a time than work explains"
* #break-glass "Somebody broke the glass for a person"
