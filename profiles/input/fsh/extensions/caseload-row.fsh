Extension: CpIsCaseloadRowPlace
Id: Extension-CpIs-CaseloadRow
Title: "Record of a caseload"
Description: "Which record of a council's file an outcome is about, so that the clerk finds it."
Context: OperationOutcome
* value[x] 0..0
* extension contains
    row 1..1 and
    line 1..1 and
    byteOffset 1..1 and
    rowId 0..1
* extension[row] ^short = "Its number among the records of the file, from 1"
* extension[row].extension 0..0
* extension[row].value[x] 1..1
* extension[row].value[x] only unsignedInt
* extension[line] ^short = "The line of the file on which it begins, from 1"
* extension[line].extension 0..0
* extension[line].value[x] 1..1
* extension[line].value[x] only unsignedInt
* extension[byteOffset] ^short = "The byte of the unpacked file at which it begins, from 0"
* extension[byteOffset].extension 0..0
* extension[byteOffset].value[x] 1..1
* extension[byteOffset].value[x] only unsignedInt
* extension[rowId] ^short = "The council's own number of the plan, where it can be read"
* extension[rowId].extension 0..0
* extension[rowId].value[x] 1..1
* extension[rowId].value[x] only string
* extension[rowId].valueString ^maxLength = 64
