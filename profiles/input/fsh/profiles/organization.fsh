Profile: CpIsOrganization
Parent: Organization
Id: CpIs-Organization
Title: "Council, trust or other organization"
Description: "Who is responsible, and the two telephones: work in office hours, mobile for the emergency duty team."
* insert Closed
* insert NoExtension
* obeys cpis-closed-1
* identifier 1..*
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains ods 1..1
* identifier.system 1..1
* identifier.value 1..1
* identifier[ods] ^short = "ODS code"
* identifier[ods].system = $OdsCode (exactly)
* type 1..1
* type from CpIsOrganizationKind (required)
* type.coding 1..1
* type.coding.system 1..1
* type.coding.code 1..1
* type.text 0..0
* name 1..1
* name obeys cpis-text-1
* alias 0..0
* telecom.system 1..1
* telecom.system = #phone
* telecom.value 1..1
* telecom.use 1..1
* telecom.use from CpIsTelephoneUse (required)
* address 0..0
* partOf 0..0
* contact 0..0
* endpoint 0..0
