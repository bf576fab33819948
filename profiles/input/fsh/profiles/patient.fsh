Profile: CpIsPatient
Parent: Patient
Id: CpIs-Patient
Title: "Person of a plan"
Description: "The child, or for an unborn child the mother: NHS number, name and birth date, and nothing else."
* insert Closed
* insert NoExtension
* obeys cpis-closed-1
* identifier 1..*
* identifier obeys cpis-identifier-1
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains nhs 1..1
* identifier.period 0..0
* identifier.assigner 0..0
* identifier[nhs] ^short = "NHS number"
* identifier[nhs] obeys cpis-nhs-1
* identifier[nhs].extension ^slicing.discriminator.type = #value
* identifier[nhs].extension ^slicing.discriminator.path = "url"
* identifier[nhs].extension ^slicing.rules = #closed
* identifier[nhs].extension contains $VerificationStatus named verificationStatus 0..1
* identifier[nhs].extension[verificationStatus].valueCodeableConcept.coding 1..1
* identifier[nhs].extension[verificationStatus].valueCodeableConcept.coding.system 1..1
* identifier[nhs].extension[verificationStatus].valueCodeableConcept.coding.system = $VerificationStatusCodes
* identifier[nhs].extension[verificationStatus].valueCodeableConcept.coding.code 1..1
* identifier[nhs].system 1..1
* identifier[nhs].system = $NhsNumber (exactly)
* identifier[nhs].value 1..1
* insert PlainIdentifier(identifier[nhs])
* active 0..0
* name 1..*
* name.text 0..0
* name.family 1..1
* name.family obeys cpis-text-1
* name.given 1..*
* name.given obeys cpis-text-1
* telecom 0..0
* gender 0..0
* birthDate 1..1
* birthDate obeys cpis-date-1
* deceased[x] 0..0
* address 0..0
* maritalStatus 0..0
* multipleBirth[x] 0..0
* photo 0..0
* contact 0..0
* communication 0..0
* generalPractitioner 0..0
* managingOrganization 0..0
* link ^short = "Written by the server: the number this one replaces, or is replaced by"
* link.other only Reference(CpIsPatient)
* link.type from CpIsLinkType (required)
