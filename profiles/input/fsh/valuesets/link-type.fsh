Alias: $LinkType = http://hl7.org/fhir/link-type

ValueSet: CpIsLinkType
Id: CpIs-LinkType
Title: "Link of NHS numbers"
Description: "A number in force replaces others; each of these is replaced by it."
* ^experimental = false
* $LinkType#replaces "Replaces"
* $LinkType#replaced-by "Replaced-by"
