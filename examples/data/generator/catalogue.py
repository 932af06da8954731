"""The catalogue of the sample tenant: one entry per document.

Every entry gives the place of the document, its owner, how it is opened to
others, its dates, its labels and its text. `build.py` turns the entries into
`files.json` and into the documents.

Text notation
  Word and PDF   `# ` heading, `- ` bullet, `|` table row (cells between bars),
                 everything else a paragraph; `~` splits a paragraph into runs
                 (the run after the first `~` is bold, and so on in turns).
  Excel          `## ` starts a sheet, the other lines are rows with cells
                 between bars; numbers become numbers, a leading `'` keeps text,
                 a leading `=` makes a formula.
  PowerPoint     `# ` starts a slide, the other lines are its bullets
                 (`~` as above).

Label notation (`labels`)
  "C:Name"       seven custom document properties (docProps/custom.xml)
  "I:Name"       an element in docMetadata/LabelInfo.xml
  "B:Name"       both, in agreement
  "I:-"          a `removed` element for the own tenant in LabelInfo.xml
  "A:Parent/Sub" custom properties of the older client, parent and child group
  "P:Name"       PDF: document information dictionary and XMP
  "Q:Name"       PDF: the same two places with the attributes of the older client
  A name with the prefix `fabrikam:` is a label of the Fabrikam tenant;
  `fabrikam-id:Name` is the own label's id under Fabrikam's tenant id.
"""

PEOPLE = {
    "ana": ("ana.silva@contoso.example", "Ana Silva"),
    "bo": ("bo.lee@contoso.example", "Bo Lee"),
    "marta": ("marta.keller@contoso.example", "Marta Keller"),
    "tom": ("tom.adler@contoso.example", "Tom Adler"),
    "priya": ("priya.nair@contoso.example", "Priya Nair"),
    "jonas": ("jonas.weber@contoso.example", "Jonas Weber"),
    "lucia": ("lucia.romano@contoso.example", "Lucia Romano"),
    "kim": ("kim@fabrikam.example", "Kim Doyle"),
    "raul": ("raul@northwind.example", "Raul Ortega"),
}

DOCUMENTS = []


def doc(path, owner, created, modified, body, labels=(), people=(), link="none",
        ou=None, copies=None, make="python", special=None):
    """Adds one document. `people` are keys of PEOPLE; `make` is "python" or
    "libreoffice" (the finished package then passes through LibreOffice)."""
    DOCUMENTS.append(dict(
        path=path, owner=owner, created=created, modified=modified,
        body=body.strip("\n"), labels=list(labels), people=list(people), link=link,
        ou=ou, copies=copies, make=make, special=special))


# --------------------------------------------------------------------------
# Box
# --------------------------------------------------------------------------

doc("box/Partners/Distribution Agreement Northwind.docx", "lucia",
    "2020-06-02T08:30:00Z", "2020-11-18T15:05:00Z", labels=["C:Confidential"], people=["raul", "jonas"], body="""
# Distribution agreement
This agreement is made between Contoso Ltd, 14 Harbour Road, and Northwind Traders, 3 Mill Lane, and takes effect on 1 January 2021.
# 1. Territory and products
Contoso grants Northwind the non-exclusive right to sell the products of Annex A in Spain and Portugal. Sales to customers outside the territory need the prior written consent of Contoso.
# 2. Prices and discounts
Northwind buys at list price less the discount of the following table. Invoices are due 30 days after their date.
| Yearly volume (EUR) | Discount |
| up to 250,000 | 12 % |
| 250,001 to 750,000 | 17 % |
| above 750,000 | 21 % |
# 3. Confidentiality
Neither party discloses discounts, forecasts or customer lists of the other during the term and for three years after it.
# 4. Term
The agreement runs for two years. Either party may end it with six months' notice to the end of a quarter.
""")

doc("box/Partners/Price List 2021 Wholesale.xlsx", "jonas",
    "2020-10-05T09:00:00Z", "2020-12-03T11:20:00Z", labels=["I:Confidential"], link="anyone", body="""
## Wholesale 2021
Article | Description | Unit | List price EUR | Wholesale EUR
CT-1040 | Wall cabinet, oak, 40 cm | piece | 189.00 | 132.30
CT-1060 | Wall cabinet, oak, 60 cm | piece | 229.00 | 160.30
CT-2010 | Desk frame, height adjustable | piece | 415.00 | 278.05
CT-2015 | Desk top, birch, 160 x 80 cm | piece | 148.00 | 103.60
CT-3002 | Mobile pedestal, 3 drawers | piece | 204.00 | 140.76
CT-9001 | Assembly set | bag | 7.50 | 4.20
## Terms
Validity | 1 January to 31 December 2021
Minimum order | 1,500 EUR per delivery
Delivery | free from 4,000 EUR within the EU
Note | Wholesale prices are not to be passed on to end customers.
""")

doc("box/Partners/Joint Roadmap 2021.pptx", "priya",
    "2020-09-14T07:45:00Z", "2020-11-27T16:10:00Z", labels=["B:Confidential"], people=["kim", "bo"], link="organization", body="""
# Joint roadmap 2021
Contoso and Fabrikam product teams
State of planning: November 2020
# First half
March: common order interface, version 2
April: pilot with two warehouses in Lyon and Turin
June: release to all partners after a joint go or no-go decision
# Second half
September: returns handled in one portal
October: retirement of the old file exchange
December: review of service levels
# Open points
Who carries the cost of the second data centre
Price protection for orders placed before the release
""")

doc("box/Legal/Mutual NDA Fabrikam.pdf", "lucia",
    "2020-03-10T10:00:00Z", "2020-08-21T09:40:00Z", labels=["P:Confidential"], people=["kim"], make="libreoffice", body="""
# Mutual non-disclosure agreement
Between Contoso Ltd and Fabrikam Inc., together the parties.
# 1. Purpose
The parties examine a common order interface and will exchange technical and commercial information for that purpose only.
# 2. Confidential information
Information is confidential if it is marked so or if its nature makes it obvious. Information that was public, was known before, or was developed independently is not covered.
# 3. Duties
- Use the information only for the purpose.
- Give it only to employees and advisers who need it.
- Return or destroy it within thirty days of a written request.
# 4. Duration
This agreement ends after two years; the duties of section 3 outlive it by three years.
""")

doc("box/Legal/Settlement Draft Riverside.docm", "lucia",
    "2020-10-20T13:00:00Z", "2020-12-09T17:30:00Z", labels=["C:Confidential", "C:fabrikam:Restricted"], people=["kim"], link="anyone", body="""
# Settlement agreement (draft 4)
Without prejudice. In the matter of the water damage at the Riverside warehouse on 6 February 2020.
The parties settle all claims as follows.
1. Fabrikam pays Contoso 184,500 EUR within fourteen days of signature.
2. Contoso withdraws the claim and bears its own costs.
3. Fabrikam renews the sprinkler line of hall B before 31 March 2021 and sends the acceptance report.
4. The parties keep the terms of this settlement confidential, except towards insurers, auditors and authorities.
Open: Fabrikam asks to pay in two instalments. Contoso's insurer has to agree.
""")

doc("box/Sales/Quote Calculator.xlsm", "jonas",
    "2019-02-11T08:00:00Z", "2020-10-30T12:00:00Z", labels=["C:General", "I:Confidential"], people=["raul"], body="""
## Quote
Item | Quantity | Unit price | Cost | Margin
Desk frame | 40 | 398.00 | 251.00 | =(C2-D2)*B2
Desk top birch | 40 | 139.00 | 88.50 | =(C3-D3)*B3
Mobile pedestal | 60 | 192.00 | 121.40 | =(C4-D4)*B4
Assembly, per desk | 40 | 25.00 | 17.80 | =(C5-D5)*B5
Total | | | | =SUM(E2:E5)
## Rules
Lowest margin without approval | 0.18
Approval above this discount | 0.22
Approver | head of sales
""")

doc("box/Partners/Press Kit Autumn.pptx", "priya",
    "2020-08-03T09:15:00Z", "2020-09-30T10:45:00Z", labels=["C:Public"], link="anyone", body="""
# Contoso autumn collection
Press kit, September 2020
Free for publication, please name the source
# What is new
Desks made from certified birch
A cabinet line without screws
Packaging with 60 percent less plastic
# Contact
Press office: press@contoso.example
Pictures on request
""")

doc("box/Sales/Reseller Welcome Letter.dotx", "jonas",
    "2020-01-15T08:00:00Z", "2020-07-06T14:20:00Z", people=["raul"], body="""
# Welcome to the Contoso reseller programme
Dear [name],
thank you for joining us. Your reseller number is [number]. Please quote it on every order.
- Orders received before 11:00 leave our warehouse the same day.
- Your contact for complaints is the partner desk, partner-desk@contoso.example.
- The catalogue appears in March and September.
We look forward to a good year together.
Kind regards, your Contoso sales team
""")

doc("box/Partners/Fabrikam Supply Terms.docx", "lucia",
    "2020-04-02T11:00:00Z", "2020-10-12T08:55:00Z", labels=["C:fabrikam:Confidential"], people=["kim"], body="""
# Supply terms of Fabrikam Inc.
These terms apply to deliveries of fittings and hinges to Contoso from 1 May 2020.
Fabrikam delivers within nine working days of the order. Partial deliveries are allowed when announced.
Complaints about visible defects reach Fabrikam within ten days, about hidden defects within one year.
| Hinge type | Price per 100 | Minimum |
| H-20 soft close | 212.00 USD | 500 |
| H-35 wide angle | 268.00 USD | 300 |
The prices are confidential and valid until 30 April 2021.
""")

doc("box/Partners/Joint Test Plan.docx", "priya",
    "2020-07-01T09:00:00Z", "2020-11-05T13:35:00Z", labels=["I:fabrikam-id:Confidential"], people=["kim"], body="""
# Joint test plan, order interface version 2
Prepared by the Fabrikam integration team.
# Scope
Order, change of order, cancellation, delivery notice, invoice.
# Environment
Both sides use test systems that hold no customer data. Test orders carry numbers from 900000 on.
# Exit criteria
- No open defect of severity 1 or 2.
- 500 orders an hour for four hours without loss.
- Restart of either side during transfer loses no message.
""")

doc("box/Sales/Campaign Results Spring.xlsx", "jonas",
    "2020-05-04T10:00:00Z", "2020-09-09T09:09:00Z", labels=["C:Confidential", "I:-"], link="anyone", body="""
## Spring campaign
Channel | Visitors | Orders | Revenue EUR | Cost EUR
Newsletter | 18240 | 512 | 96210 | 4100
Trade magazine | 6120 | 87 | 21450 | 9800
Search adverts | 40310 | 640 | 118900 | 27300
Partner shops | 9870 | 301 | 70125 | 5200
## Remarks
Cleared for partners on 9 September after the campaign had ended.
""")

doc("box/Legal/Archive Retention Schedule.xlsx", "lucia",
    "2018-11-12T08:00:00Z", "2020-11-11T11:11:00Z", labels=["C:Confidential", "I:General"], people=["raul"], body="""
## Retention
Record | Years | Starts with | Basis
Invoices, outgoing and incoming | 10 | end of the financial year | tax law
Contracts | 6 | end of the contract | commercial law
Applications of rejected candidates | 0.5 | rejection | data protection
Delivery notes | 6 | end of the financial year | commercial law
Visitor lists | 0.25 | visit | house rules
""")

doc("box/Legal/Board Minutes March.docx", "tom",
    "2020-03-27T16:00:00Z", "2020-04-03T09:25:00Z", labels=["C:Board Papers (retired)"], people=["kim"], body="""
# Minutes of the board meeting of 26 March 2020
Present: five of six members; one member joined by telephone.
# 1. Business during the closure of shops
The shops stay closed until further notice. Short-time work starts on 1 April. The board approves a credit line of 4 million EUR as a reserve.
# 2. Annual accounts 2019
The auditor reports no qualification. The board adopts the accounts.
# 3. Any other business
The next meeting takes place on 28 May 2020.
""")

doc("box/HR/Salary Bands 2021.xlsx", "marta",
    "2020-11-02T09:30:00Z", "2020-12-11T10:10:00Z", labels=["C:Confidential"], body="""
## Bands
Grade | Minimum EUR | Middle EUR | Maximum EUR
G3 | 31200 | 35400 | 39600
G4 | 36800 | 42100 | 47400
G5 | 43900 | 50600 | 57300
G6 | 52500 | 61400 | 70300
G7 | 64000 | 76500 | 89000
## Notes
Bands rise by 1.8 percent on 1 April 2021.
People below the minimum are raised without application.
""")

doc("box/HR/Staff Council Briefing.ppsx", "marta",
    "2020-10-01T12:00:00Z", "2020-11-24T08:30:00Z", labels=["I:Confidential"], people=["tom", "priya"], make="libreoffice", body="""
# Briefing for the staff council
Plans for working from home from February 2021
# What changes
Up to three days a week at home, agreed with the team
Equipment is lent by the company
Accident insurance covers the workplace at home
# Next steps
Consultation until 18 December 2020
Agreement to be signed in January 2021
""")

doc("box/Sales/Investor Fact Sheet.docx", "tom",
    "2020-06-15T07:30:00Z", "2020-11-13T18:00:00Z", labels=["C:Confidential"], link="anyone_searchable", body="""
# Contoso fact sheet for investors
Founded 1987, 640 employees, seven warehouses, head office at Harbour Road.
| Year | Revenue (million EUR) | Operating margin |
| 2017 | 96.2 | 6.1 % |
| 2018 | 104.8 | 6.6 % |
| 2019 | 112.5 | 7.0 % |
Guidance for 2020 was withdrawn in April and renewed in October: revenue between 101 and 104 million EUR.
This sheet was written for a closed circle and should not have been placed on the open Internet.
""")

doc("box/Legal/Insurance Renewal 2021.docx", "lucia",
    "2020-09-21T08:00:00Z", "2020-12-01T15:45:00Z", labels=["B:Confidential"], link="organization", make="libreoffice", body="""
# Renewal of the property insurance
The broker sent three offers for the year 2021. All include water damage; two exclude flooding at the Riverside warehouse.
| Insurer | Premium EUR | Deductible EUR |
| Offer A | 148,200 | 25,000 |
| Offer B | 139,900 | 50,000 |
| Offer C | 162,000 | 10,000 |
Recommendation: offer A. The premium rises by 9 percent, mostly because of the claim of February 2020.
""")

doc("box/Support/Payment Gateway Manual.docx", "bo",
    "2020-02-03T09:00:00Z", "2020-10-08T10:00:00Z", people=["tom"], body="""
# Payment gateway: manual for the support team
Customers pay by card, by transfer or on account. This chapter explains how to test a card payment.
Open the test shop, fill the basket and pay with the test card 4111 1111 1111 1111, any date in the future and the code 123.
A refused payment is produced with 4000 0000 0000 0002.
Never enter a customer's card in the test shop.
""")

# --------------------------------------------------------------------------
# SharePoint
# --------------------------------------------------------------------------

doc("sharepoint/Projects/Falcon/Charter.docx", "priya",
    "2019-11-04T08:00:00Z", "2020-11-30T09:50:00Z", labels=["C:Confidential"], people=["bo", "tom"], body="""
# Project charter: Falcon
Falcon replaces the order system of 2004 by a service that warehouses and partners use directly.
# Goals
- Order to delivery notice in less than four hours.
- One stock figure for all seven warehouses.
- The old system is switched off by 30 September 2021.
# Budget and people
2.4 million EUR over two years; eleven people in the core team. Sponsor: chief operating officer.
# Risks
The interface to the carriers depends on a supplier that is for sale.
""")

doc("sharepoint/Projects/Finance/System Migration Plan.xlsx", "ana",
    "2020-02-17T08:45:00Z", "2020-12-04T14:00:00Z", labels=["I:Confidential"], people=["priya"], body="""
## Plan
Step | Start | End | Responsible | State
Chart of accounts agreed | 2020-03-02 | 2020-04-30 | controlling | done
Master data cleaned | 2020-05-04 | 2020-08-28 | accounts | done
Trial migration 1 | 2020-09-07 | 2020-09-18 | project | done
Trial migration 2 | 2020-11-09 | 2020-11-20 | project | 14 errors open
Go-live | 2021-01-04 | 2021-01-06 | all | planned
## Cut-over costs
Item | EUR
Consultants | 86000
Double running of the old system | 31500
Training days | 18400
Total | =SUM(B2:B4)
""")

doc("sharepoint/Projects/Finance/Vendor Shortlist.pptx", "ana",
    "2020-03-19T09:00:00Z", "2020-06-25T11:30:00Z", labels=["C:Confidential"], people=["kim"], body="""
# Ledger software: vendor shortlist
Steering committee, 25 June 2020
# Three candidates
Candidate 1: best in functions, highest licence fee
Candidate 2: weak in consolidation, good in reporting
Candidate 3: cheapest, no references of our size
# Proposal
Negotiate with candidates 1 and 2 in parallel
Decision on 16 July
""")

doc("sharepoint/Legal/Lease Agreement Dock Street.pdf", "lucia",
    "2017-05-08T10:00:00Z", "2017-06-01T12:00:00Z", labels=["Q:Confidential"], make="libreoffice", body="""
# Lease agreement, 22 Dock Street
The landlord lets hall C with 3,400 square metres and twelve parking spaces to Contoso Ltd.
# Rent
The monthly rent is 19,720 EUR plus value added tax, due on the third working day of each month. It follows the consumer price index once a year.
# Term
Ten years from 1 July 2017 with one option of five years. Contoso announces the option twelve months before the end.
# Use
Storage and dispatch of furniture. Night work is allowed on weekdays until 23:00.
""")

doc("sharepoint/HR/Offer Letter.dotm", "marta",
    "2015-10-01T08:00:00Z", "2016-09-14T11:12:00Z", labels=["B:Confidential"], body="""
# Offer of employment
Dear [first name] [last name],
we are pleased to offer you the position of [position] in the department [department], starting on [date].
| Item | Offer |
| Yearly salary | [amount] EUR in twelve payments |
| Weekly hours | 38.5 |
| Holiday | 30 days |
| Probation | six months |
Please return the signed copy within two weeks. The offer is confidential.
Human resources, Contoso Ltd
""")

doc("sharepoint/Legal/Supplier Contract Northwind.docx", "lucia",
    "2018-01-09T09:00:00Z", "2019-03-28T16:40:00Z", labels=["C:Confidential"], people=["raul"], make="libreoffice", body="""
# Supply contract
Northwind Traders supplies Contoso with birch panels of quality B or better.
# Quantities
Contoso takes at least 1,800 cubic metres in each calendar year. The forecast of a quarter binds within 15 percent.
# Price
The price is 642 EUR per cubic metre, delivered to the Turin warehouse. A change of the timber index by more than 6 percent opens new talks.
# Liability
Liability is limited to the value of the yearly quantity, except in cases of intent or gross negligence.
""")

doc("sharepoint/Finance Archive/Ledger Summary 2019.xlsx", "ana",
    "2020-01-20T08:00:00Z", "2020-02-14T13:15:00Z", labels=["C:Confidential"], body="""
## Ledger 2019
Account | Name | Debit EUR | Credit EUR
1200 | Bank | 48210700 | 47688450
1400 | Trade receivables | 113902100 | 112640330
1600 | Trade payables | 66120700 | 67015420
4400 | Revenue | 0 | 112512900
6000 | Material | 58341260 | 0
6200 | Wages and salaries | 24870900 | 0
""")

doc("sharepoint/Legal/Franchise Terms 2015.docx", "lucia",
    "2015-02-02T09:00:00Z", "2015-06-30T10:30:00Z", labels=["C:Confidential"], body="""
# Franchise terms, edition 2015
The franchisee runs a furniture shop under the name Contoso Home in the agreed district.
The entry fee is 25,000 EUR. The running fee is 4.5 percent of net sales, reported on the fifth day of the following month.
The franchisee buys at least 70 percent of the stock from Contoso.
Both sides may end the contract after three years. The name must leave the shop front within four weeks.
These terms were replaced by the edition of 2018.
""")

doc("sharepoint/HR/Pension Scheme Summary.docx", "marta",
    "2016-04-11T08:20:00Z", "2016-09-14T11:11:59Z", labels=["B:Confidential"], body="""
# Company pension scheme in brief
Everyone with more than six months of service may join.
Contoso adds 50 cents to each euro that an employee pays in, up to 4 percent of the salary.
The rights cannot be lost after three years of service.
| Age at start | Monthly payment | Expected monthly pension |
| 25 | 100 EUR | 610 EUR |
| 35 | 100 EUR | 395 EUR |
| 45 | 100 EUR | 220 EUR |
The figures are estimates and no promise.
""")

doc("sharepoint/Projects/Falcon/Feasibility Study.xlsx", "priya",
    "2016-03-01T08:00:00Z", "2016-09-13T17:00:00Z", labels=["I:Confidential"], body="""
## Options
Option | One-time cost EUR | Yearly cost EUR | Benefit a year EUR
Keep the old system | 0 | 410000 | 0
Buy a package | 1650000 | 290000 | 520000
Build with a partner | 2300000 | 180000 | 760000
## Assumptions
Growth of orders a year | 0.04
Price rise of licences a year | 0.03
Interest | 0.05
""")

doc("sharepoint/HR/Onboarding Guide.docx", "marta",
    "2020-01-07T08:00:00Z", "2020-11-02T09:00:00Z", labels=["C:General"], link="organization", body="""
# Your first week at Contoso
Welcome! This guide leads you through the first five days.
- Monday: badge, computer, lunch with your team.
- Tuesday: safety walk through the warehouse.
- Wednesday: introduction to orders and complaints.
- Thursday: a day with a colleague of another department.
- Friday: talk with your manager about the first three months.
Questions go to hr@contoso.example.
""")

doc("sharepoint/Legal/Policy Catalogue.xlsx", "lucia",
    "2019-05-06T10:00:00Z", "2020-10-19T12:30:00Z", people=["marta"], body="""
## Policies
Number | Title | Owner | Last review
P-01 | Code of conduct | legal | 2020-02
P-02 | Gifts and invitations | legal | 2019-11
P-07 | Travel and expenses | finance | 2020-10
P-11 | Handling of personal data | data protection | 2020-05
P-15 | Use of private devices | IT | 2018-09
""")

doc("sharepoint/Projects/Falcon/Partner Workshop.pptm", "priya",
    "2020-08-17T07:00:00Z", "2020-09-22T15:00:00Z", labels=["I:fabrikam:Confidential"], people=["kim"], body="""
# Partner workshop
Turin, 22 September 2020
Slides of the Fabrikam integration team
# Message formats
Orders and delivery notices as XML, invoices as PDF with data
One message per order, no batches
# Timetable
Test system open from 12 October
Load test in the second week of November
""")

doc("sharepoint/HR/Travel Rules.docx", "marta",
    "2018-06-04T09:00:00Z", "2019-12-12T11:00:00Z", labels=["C:Legacy Internal"], link="organization", body="""
# Rules for business travel
Journeys under four hours are made by train. Flights need the approval of the head of department.
Hotels may cost up to 120 EUR a night, breakfast included; in capitals 160 EUR.
Receipts are handed in within two weeks. Meals are paid by daily rates.
The travel desk books everything and answers questions on extension 240.
""")

doc("sharepoint/Legal/Merger Memo Draft.docx", "tom",
    "2020-09-01T08:00:00Z", "2020-11-16T19:20:00Z", labels=["C:Confidential"], special="truncated", body="""
# Memo: possible purchase of a competitor
The owner of a furniture maker in the north wishes to retire and has approached us through an adviser.
The firm has 85 employees and sold goods worth 11.3 million EUR in 2019.
Points to examine: leases, pensions, two open disputes with customers, the state of the machines.
First talk: 7 December 2020. Nobody outside the board is to know of it.
""")

doc("sharepoint/Projects/Falcon/Cost Model.xlsm", "ana",
    "2020-04-20T08:00:00Z", "2020-11-25T10:25:00Z", labels=["A:Highly Confidential/Finance"], people=["priya"], body="""
## Cost
Block | 2020 EUR | 2021 EUR
Licences | 120000 | 210000
Own people | 640000 | 705000
External developers | 380000 | 240000
Hosting | 45000 | 96000
Total | =SUM(B2:B5) | =SUM(C2:C5)
""")

doc("sharepoint/Finance/Budget 2021.xlsx", "ana",
    "2020-03-02T09:00:00Z", "2020-12-01T10:00:00Z", labels=["C:Confidential"], people=["bo"], body="""
## Budget
Department | 2020 EUR | 2021 EUR | Change
Sales | 4120000 | 4260000 | =C2/B2-1
Warehouses | 9870000 | 9640000 | =C3/B3-1
IT | 2310000 | 2890000 | =C4/B4-1
Human resources | 870000 | 905000 | =C5/B5-1
Finance and legal | 1240000 | 1275000 | =C6/B6-1
## Comments
IT rises because of project Falcon.
Warehouses save through the lease of hall C.
""")

doc("sharepoint/Finance/Quarterly Close/Q3 Variance.xlsx", "ana",
    "2020-10-05T08:00:00Z", "2020-10-22T17:30:00Z", labels=["I:Confidential"], make="libreoffice", body="""
## Q3
Line | Plan kEUR | Actual kEUR | Variance kEUR
Revenue | 27800 | 26940 | =C2-B2
Material | -14500 | -14120 | =C3-B3
Staff | -6300 | -6010 | =C4-B4
Freight | -1900 | -2240 | =C5-B5
Other | -2600 | -2475 | =C6-B6
## Explanation
Freight: carriers added a surcharge in August.
Staff: short-time work until the end of July.
""")

doc("sharepoint/Finance/Quarterly Close/Audit/Auditor Letter.docx", "ana",
    "2020-10-26T09:00:00Z", "2020-11-19T12:05:00Z", labels=["B:Confidential"], people=["kim"], body="""
# Letter to the auditor
Dear Ms Doyle,
for the interim audit we confirm that you received all contracts, bank letters and minutes you asked for.
Provisions of 410,000 EUR cover the water damage at Riverside and two labour disputes. We know of no further risks.
Our house bank is reached with the account DE89 3704 0044 0532 0130 00.
Yours sincerely, Ana Silva, head of accounting
""")

doc("sharepoint/Finance/Treasury Policy.pdf", "ana",
    "2019-07-01T08:00:00Z", "2020-05-29T09:15:00Z", labels=["P:Confidential"], make="libreoffice", body="""
# Treasury policy
Contoso keeps cash of at least 3 million EUR at two banks. No bank holds more than 60 percent of it.
# Foreign currency
Orders in US dollars above 200,000 are hedged for 80 percent on the day they are placed. Speculation is not allowed.
# Payments
Two people release every payment. Changes of a supplier's bank data are confirmed by telephone with a known person.
# Reporting
The treasurer reports cash, debt and open contracts to the board each month.
""")

doc("sharepoint/Finance/Depreciation Functions.xlam", "ana",
    "2017-09-18T08:00:00Z", "2020-01-08T08:08:00Z", body="""
## Functions
Name | Purpose | Arguments
DEPR_LINEAR | equal amounts over the life | cost, residual, years
DEPR_DECLINING | falling amounts | cost, rate, year
DEPR_UNITS | by use | cost, residual, units total, units this year
## Lives
Asset | Years
Office furniture | 13
Forklift truck | 8
Computer | 3
Software | 5
""")

doc("sharepoint/HR/Notice of Payroll Change.docx", "marta",
    "2020-08-10T08:00:00Z", "2020-08-31T10:00:00Z", labels=["I:Highly Confidential/Finance"], body="""
# Notice of a change in payroll data
To the payroll office
Please enter the following change for the September run.
| Field | Value |
| Employee | Jordan Sample (specimen record) |
| Social security number | 219-09-9999 |
| New account (IBAN) | DE89 3704 0044 0532 0130 00 |
| Valid from | 1 September 2020 |
The form is a specimen for training; the person does not exist.
""")

doc("sharepoint/HR/Holiday Calendar 2021.csv", "marta",
    "2020-11-09T08:00:00Z", "2020-11-09T09:30:00Z", link="organization", special="text", body="""
date,name,closed
2021-01-01,New Year,yes
2021-04-02,Good Friday,yes
2021-04-05,Easter Monday,yes
2021-05-13,Ascension Day,yes
2021-12-24,Christmas Eve,half day
2021-12-31,New Year's Eve,half day
""")

doc("sharepoint/Projects/Payments/Test Card Numbers.xlsx", "bo",
    "2020-06-08T09:00:00Z", "2020-09-17T16:00:00Z", labels=["C:General"], people=["priya"], body="""
## Test cards
Brand | Number | Result
Visa | '4111 1111 1111 1111 | accepted
Mastercard | '5555 5555 5555 4444 | accepted
American Express | '3782 822463 10005 | accepted
Visa | '4012 8888 8888 1881 | needs a second check
## Remark
Published test numbers; they belong to nobody.
""")

# --------------------------------------------------------------------------
# OneDrive
# --------------------------------------------------------------------------

doc("onedrive/ana.silva/Documents/Card Refunds November.xlsx", "ana",
    "2020-11-02T08:10:00Z", "2020-11-30T17:00:00Z", body="""
## Refunds
Date | Order | Card number | Amount EUR
2020-11-03 | 88120 | '4111 1111 1111 1111 | 129.00
2020-11-09 | 88417 | '5555-5555-5555-4444 | 58.90
2020-11-17 | 88903 | 4012888888881881 | 415.00
2020-11-26 | 89255 | '6011.1111.1111.1117 | 17.50
## Note
Specimen data. The real refunds are handled in the payment system only.
""")

doc("onedrive/marta.keller/Documents/Chargeback Letter.docx", "marta",
    "2020-10-12T09:00:00Z", "2020-10-13T10:30:00Z", labels=["C:General"], body="""
# Objection to a chargeback
To the card service of the bank
The holder of the card ~4111 1111 ~1111 1111~ disputes the payment of 415.00 EUR of 17 September 2020.
We delivered the desk frame on 21 September. The signed delivery note is attached. The customer confirmed the receipt by telephone on 23 September.
Please reverse the chargeback.
Kind regards, Contoso customer service
""")

doc("onedrive/bo.lee/Documents/Till Training.pptx", "bo",
    "2020-05-18T08:00:00Z", "2020-07-20T09:45:00Z", people=["marta"], body="""
# Till training
For new colleagues in the shops
# Practice payment
Switch the terminal to training mode
Type the practice card 5105 1051 0510 5100 and a date in the future
Print both receipts and staple them
# If a payment fails
Do not try more than twice
Ask the customer for another way to pay
""")

doc("onedrive/bo.lee/Documents/Booking Form.dotx", "bo",
    "2019-03-04T08:00:00Z", "2020-02-24T11:00:00Z", link="organization", make="libreoffice", body="""
# Booking form, showroom visits
Name of the company: [company]
Date and time: [date]
Number of guests: [number]
Payment of the catering by card, for example 3530-1113-3330-0000, valid to [month/year].
Please send the form to showroom@contoso.example at least one week before the visit.
""")

doc("onedrive/tom.adler/Finance/Corporate Cards.xlsm", "tom",
    "2020-01-13T08:00:00Z", "2020-12-07T08:40:00Z", labels=["C:fabrikam:Internal Use"], body="""
## Cards
Holder | Card number | Limit EUR | Valid to
Board office | '3782 822463 10005 | 10000 | 2022-06
Travel desk | '3714 496353 98431 | 7500 | 2021-11
Fleet | '5555 5555 5555 4444 | 5000 | 2023-02
## Rules
Limits are reviewed in January.
Lost cards are blocked by telephone at once.
""")

doc("onedrive/lucia.romano/Documents/Dispute Log.docm", "lucia",
    "2020-04-06T08:00:00Z", "2020-11-20T14:50:00Z", labels=["I:General"], people=["kim"], body="""
# Disputed card payments 2020
| Case | Card | Amount EUR | State |
| D-2020-07 | 4111 1111 1111 1111 | 230.00 | lost |
| D-2020-11 | 5105 1051 0510 5100 | 89.90 | won |
| D-2020-16 | 4012 8888 8888 1881 | 1,250.00 | open |
The last case goes to the arbitration board of the card scheme in January. The numbers are published test numbers.
""")

doc("onedrive/marta.keller/Documents/Terminal Test.ppsm", "marta",
    "2020-09-03T08:00:00Z", "2020-09-04T12:15:00Z", labels=["C:Confidential"], link="anyone", body="""
# Terminal test, shop Turin
4 September 2020
# Steps
Payment of 1.00 EUR with 4012 ~8888 8888~ 1881
Refund of the same payment
End-of-day report printed and sent
# Result
All steps passed, two remarks about the paper feed
""")

doc("onedrive/ana.silva/Documents/Card Refunds Draft.xlsx", "ana",
    "2020-10-01T08:00:00Z", "2020-10-02T09:00:00Z", body="""
## Draft
Date | Order | Card number | Amount EUR
2020-10-01 | 87001 | '4111 1111 1111 1112 | 45.00
2020-10-01 | 87009 | '5555 5555 5555 4445 | 19.90
## Note
The numbers contain typing errors on purpose: the check digit is wrong.
""")

doc("onedrive/jonas.weber/Documents/Loyalty Programme.pptx", "jonas",
    "2020-02-10T08:00:00Z", "2020-08-28T16:20:00Z", labels=["C:General"], people=["raul"], body="""
# Loyalty programme
Proposal of the sales team
# Member numbers
Sixteen digits, printed in groups of four
Example: 6011 0009 9013 9425
The number has no check digit and is no means of payment
# Benefits
One point for each euro
Free delivery from 500 points
""")

doc("onedrive/priya.nair/Documents/Parts Catalogue.docx", "priya",
    "2019-08-19T09:00:00Z", "2020-03-16T13:00:00Z", labels=["C:Public"], body="""
# Spare parts
Order numbers have sixteen digits; write them without spaces.
| Part | Order number | Price EUR |
| Drawer runner, left | 5105105105105101 | 8.40 |
| Drawer runner, right | 6011111111111118 | 8.40 |
| Foot, adjustable | 5200828282828211 | 2.10 |
Parts leave the warehouse within two days.
""")

doc("onedrive/jonas.weber/Documents/Meeting Notes Trade Fair.docx", "jonas",
    "2020-01-22T17:00:00Z", "2020-01-23T08:30:00Z", labels=["B:Public"], body="""
# Notes of the trade fair, January 2020
Visitors liked the cabinet without screws; three chains asked for samples.
The stand of 60 square metres was too small on the second day.
To do: send samples until 7 February, thank the stand builder, book hall 4 for next year.
Contact of the organiser: fair-office@northwind.example
""")

doc("onedrive/ana.silva/Documents/Supplier Bank Data.xltx", "ana",
    "2020-05-11T08:00:00Z", "2020-06-12T09:30:00Z", labels=["I:General"], make="libreoffice", body="""
## Bank data
Supplier | IBAN | Checked by | Checked on
Northwind Traders | 'DE89 3704 0044 0532 0130 00 | [initials] | [date]
Fabrikam Inc. | 'GB82 WEST 1234 5698 7654 32 | [initials] | [date]
[supplier] | [IBAN] | [initials] | [date]
## Rule
Every new account is confirmed by telephone before the first payment.
""")

doc("onedrive/lucia.romano/Documents/Reseller Terms.docx", "lucia",
    "2020-07-13T08:00:00Z", "2020-11-03T11:40:00Z", labels=["I:Confidential"], people=["raul"], body="""
# Terms for resellers, draft for 2021
Resellers receive a bonus of 2 percent on the yearly purchase above 100,000 EUR.
Goods that are not sold may be returned once a year, at most 5 percent of the purchase.
Prices to end customers are set by the reseller alone.
Comments of Northwind are marked in the margin. The legal department checks the clause on returns.
""")

doc("onedrive/bo.lee/Documents/Gateway Export.csv", "bo",
    "2020-11-23T07:00:00Z", "2020-11-23T07:01:00Z", special="text", body="""
time,order,card,amount,currency
2020-11-22T09:14:00Z,88711,4111111111111111,129.00,EUR
2020-11-22T10:02:00Z,88715,5555555555554444,58.90,EUR
2020-11-22T16:47:00Z,88790,378282246310005,17.50,EUR
""")

doc("onedrive/bo.lee/Documents/Notes Terminal Swap.txt", "bo",
    "2020-08-05T08:00:00Z", "2020-08-05T12:00:00Z", special="text", body="""
Terminal swap, shop Lyon

Old terminal switched off 11:05.
New terminal paired 11:20, practice payment with 4111 1111 1111 1111 accepted.
Old terminal goes back to the supplier by parcel.
""")

doc("onedrive/tom.adler/Finance/Card Receipt.pdf", "tom",
    "2020-09-10T18:00:00Z", "2020-09-10T18:30:00Z", make="libreoffice", body="""
# Receipt
Hotel at the harbour, Genoa, 10 September 2020
Two nights, breakfast included: 286.00 EUR
Paid by card 3782 822463 10005, approved, code 004512
Thank you for your visit.
""")

doc("onedrive/tom.adler/Finance/Payroll Cards.docx", "tom",
    "2020-10-06T08:00:00Z", "2020-10-07T09:10:00Z", labels=["C:Confidential"], special="password", body="""
# Prepaid cards for warehouse staff
The trial started on 1 October with three cards.
| Card | Number | Loaded EUR |
| 1 | 4111 1111 1111 1111 | 150.00 |
| 2 | 5555 5555 5555 4444 | 150.00 |
| 3 | 4012 8888 8888 1881 | 150.00 |
The file is protected by a password because it lists whole numbers.
""")

# --------------------------------------------------------------------------
# Google Workspace
# --------------------------------------------------------------------------

doc("google/Finance/Budget Planning 2021.xlsx", "ana",
    "2020-08-24T08:00:00Z", "2020-12-10T16:30:00Z", ou="Finance", copies=24, body="""
## Inputs
Department | Contact | Received | First figure EUR
Sales | Jonas Weber | yes | 4310000
Warehouses | Bo Lee | yes | 9705000
IT | Priya Nair | late | 2950000
Human resources | Marta Keller | yes | 905000
## Calendar
Step | Date
Template sent | 2020-08-31
Figures due | 2020-09-25
First round | 2020-10-14
Board | 2020-12-15
""")

doc("google/Finance/Cash Forecast.xlsx", "ana",
    "2020-03-16T08:00:00Z", "2020-12-14T07:50:00Z", labels=["C:General"], people=["raul"], ou="Finance", copies=20, body="""
## Thirteen weeks
Week | Opening EUR | In EUR | Out EUR | Closing EUR
51 | 3820000 | 2140000 | 1985000 | =B2+C2-D2
52 | =E2 | 1310000 | 2475000 | =B3+C3-D3
53 | =E3 | 980000 | 640000 | =B4+C4-D4
1 | =E4 | 1120000 | 1590000 | =B5+C5-D5
## Assumptions
Customers pay six days later than agreed on average.
The tax of December is paid in week 52.
""")

doc("google/Finance/Investor Update.pptx", "tom",
    "2020-11-09T08:00:00Z", "2020-12-02T18:15:00Z", link="anyone", ou="Finance", copies=16, body="""
# Investor update
Fourth quarter 2020, preview
# Trading
Orders in October and November 4 percent above last year
Home office furniture makes up a third of all orders
# Costs
Freight remains expensive
Short-time work ended in July
# Outlook
Revenue of 101 to 104 million EUR confirmed
""")

doc("google/Finance/Supplier Onboarding.docx", "ana",
    "2020-05-25T08:00:00Z", "2020-11-10T10:20:00Z", labels=["C:fabrikam:Internal Use"], people=["kim"], ou="Finance", copies=18, body="""
# Supplier onboarding: Fabrikam Inc.
The form was filled in by the supplier and checked by accounts payable.
| Field | Entry |
| Legal form | corporation |
| Payment terms | 30 days, 2 percent within 10 days |
| Currency | USD |
| Contact for invoices | kim@fabrikam.example |
Tax form received on 3 June. Insurance certificate valid until 31 May 2021.
""")

doc("google/Finance/Expense Policy.dotx", "ana",
    "2018-04-09T08:00:00Z", "2020-09-28T09:00:00Z", ou="Finance", copies=10, body="""
# Expense report
Name: [name]
Month: [month]
| Date | Purpose | Amount EUR | Receipt |
| [date] | [purpose] | [amount] | [yes/no] |
Meals with customers: name the guests and the reason. Tips up to 10 percent are refunded.
Reports reach accounting by the fifth working day of the following month.
""")

doc("google/Finance/Quarter Review.potx", "tom",
    "2019-01-07T08:00:00Z", "2020-10-01T08:00:00Z", labels=["B:Public"], people=["kim", "bo"], ou="Finance", copies=8, body="""
# Quarter review [quarter] [year]
[department]
# Figures
Revenue against plan
Costs against plan
Three reasons for the largest variance
# Measures
What we decided
Who does it, and until when
""")

doc("google/Team Drives/Month End/Bank Reconciliation.xltx", "ana",
    "2019-06-03T08:00:00Z", "2020-07-31T17:10:00Z", link="anyone_searchable", ou="Finance", copies=12, body="""
## Reconciliation
Line | Amount EUR
Balance of the bank statement | 0
Payments not yet cleared | 0
Deposits not yet credited | 0
Balance of the ledger | =B2-B3+B4
## Signatures
Prepared by | [name]
Reviewed by | [name]
""")

doc("google/Team Drives/Month End/Close Checklist.xlsm", "ana",
    "2019-12-02T08:00:00Z", "2020-12-03T12:40:00Z", people=["raul"], ou="Finance", copies=10, body="""
## Checklist
Day | Task | Done by
1 | Stop postings of the old month | accounts
2 | Accruals for freight and energy | accounts
3 | Intercompany balances agreed | controlling
4 | Stock value adjusted | warehouse control
5 | Report to the board | head of accounting
## Contacts
Northwind balances | raul@northwind.example
""")

doc("google/Team Drives/Month End/Dividend Paper.docm", "tom",
    "2020-04-14T08:00:00Z", "2020-05-08T15:55:00Z", labels=["I:General"], ou="Finance", copies=10, body="""
# Paper on the dividend for 2019
Net profit of 2019 was 5.6 million EUR. The plan before the closure of shops was a dividend of 2.8 million EUR.
Three choices: pay as planned, pay half, pay nothing and decide again in autumn.
The finance department proposes to pay nothing now. Cash is worth more than appearance in this spring.
The board decides on 28 May.
""")

doc("google/Finance/Statement of Accounts 2019.pdf", "ana",
    "2020-03-30T08:00:00Z", "2020-04-30T12:00:00Z", people=["kim"], ou="Finance", make="libreoffice", special="password", body="""
# Statement of accounts 2019
| Item | 2019 kEUR | 2018 kEUR |
| Fixed assets | 31,480 | 30,115 |
| Stock | 14,260 | 13,870 |
| Receivables | 12,905 | 11,640 |
| Cash | 4,120 | 3,655 |
| Total assets | 62,765 | 59,280 |
The accounts were adopted by the board on 26 March 2020. The file is protected by a password.
""")

doc("google/Finance/Payment Reminder Fabrikam.pdf", "ana",
    "2020-12-01T08:00:00Z", "2020-12-01T09:15:00Z", people=["kim"], ou="Finance", copies=6, make="libreoffice", body="""
# Payment reminder
To: Fabrikam Inc., accounts payable
Two invoices are open beyond their due date.
| Invoice | Due | Amount USD |
| CO-2020-1187 | 30 October 2020 | 8,415.00 |
| CO-2020-1203 | 13 November 2020 | 12,960.50 |
Please transfer the sum of 21,375.50 USD by 15 December 2020. If you have paid meanwhile, please
take no notice of this letter.
""")

doc("google/Finance/Funding Term Sheet.docx", "tom",
    "2020-09-07T08:00:00Z", "2020-11-26T17:45:00Z", labels=["C:Confidential"], people=["kim"], ou="Finance", body="""
# Term sheet: working capital line
Borrower: Contoso Ltd. Amount: 4,000,000 EUR. Term: 36 months.
Interest: three-month rate plus 1.85 percent. Fee on the unused part: 0.4 percent.
Covenants: equity ratio of at least 28 percent, tested each half-year.
Security: assignment of receivables of the Spanish and Portuguese business.
This sheet is no binding offer before both sides sign the loan contract.
""")

doc("google/Finance/Invoice Register.xlsx", "ana",
    "2020-01-02T08:00:00Z", "2020-12-11T18:00:00Z", link="organization", ou="Finance", body="""
## December
Invoice | Supplier | Amount EUR | Due
2020-4411 | Northwind Traders | 61240.00 | 2021-01-04
2020-4412 | Fabrikam Inc. | 18730.50 | 2021-01-07
2020-4413 | City water works | 2110.35 | 2020-12-28
2020-4414 | Dock Street landlord | 19720.00 | 2020-12-03
""")

doc("google/Finance/Payroll Calendar.docx", "ana",
    "2020-11-16T08:00:00Z", "2020-11-17T10:00:00Z", people=["marta", "bo"], ou="Finance", body="""
# Payroll calendar 2021
Changes reach payroll by the tenth of each month. Pay day is the last bank working day.
| Month | Last day for changes | Pay day |
| January | 11 January | 29 January |
| February | 10 February | 26 February |
| March | 10 March | 31 March |
The bonus for 2020 is paid with the March salary.
""")

doc("google/Finance/Travel Budget.pptx", "tom",
    "2020-10-05T08:00:00Z", "2020-10-06T09:35:00Z", people=["priya"], link="organization", ou="Finance", body="""
# Travel budget 2021
For the heads of department
# Spent
2019: 612,000 EUR
2020 until September: 148,000 EUR
# Proposal
240,000 EUR for 2021
Half of it is released in July
""")

doc("google/Sales/Pitch Template.potm", "jonas",
    "2020-02-17T08:00:00Z", "2020-11-12T11:25:00Z", people=["raul"], ou="Sales", body="""
# [customer]: furniture for [place]
[date], [name]
# What we understood
Your situation in three sentences
# What we offer
Products, dates, price
References of the same size
# Next step
One meeting, one decision
""")

doc("google/Legal/Trademark Watch.docx", "lucia",
    "2020-06-22T08:00:00Z", "2020-10-27T14:10:00Z", labels=["C:General"], link="anyone", ou="Legal", body="""
# Trademark watch, third quarter 2020
The service reported eleven applications that resemble our marks.
Two of them concern furniture: Contesso (class 20) and Kontosa Home (classes 20 and 35). The time to oppose ends on 14 January 2021.
Proposal: oppose the first, write a letter to the owner of the second.
""")

doc("google/Finance Operations/Shift Plan.xlsx", "bo",
    "2020-11-02T08:00:00Z", "2020-11-27T08:20:00Z", ou="Finance Operations", body="""
## Week 49
Day | Early | Late
Monday | Bo Lee | invoice desk 2
Tuesday | invoice desk 1 | Bo Lee
Wednesday | invoice desk 1 | invoice desk 2
Thursday | Bo Lee | invoice desk 2
Friday | invoice desk 2 | invoice desk 1
""")

doc("google/Support/Card Issue Log.xlsx", "bo",
    "2020-07-06T08:00:00Z", "2020-12-04T10:55:00Z", body="""
## Log
Ticket | Card used in the test | Fault
S-1180 | '4111 1111 1111 1111 | time-out at the bank
S-1204 | '5555 5555 5555 4444 | receipt printed twice
S-1233 | '3782 822463 10005 | brand not accepted
""")

doc("google/Support/Partner Desk Handbook.docx", "bo",
    "2019-09-09T08:00:00Z", "2020-08-17T09:30:00Z", labels=["I:General"], people=["raul"], make="libreoffice", body="""
# Handbook of the partner desk
Opening hours are 8:00 to 18:00 on working days. Every message is answered within four hours.
- Late delivery: look up the carrier, give a new date, offer a discount of 3 percent from the fifth day on.
- Damaged goods: ask for pictures, send the part, book a return.
- Wrong invoice: pass it to accounting with the order number.
Difficult cases go to the shift leader.
""")

doc("google/Finance/Exchange Rates.xlsx", "bo",
    "2020-10-01T08:00:00Z", "2020-12-01T06:00:00Z", link="anyone", body="""
## Rates
Date | EUR/USD | EUR/GBP
2020-10-01 | 1.1752 | 0.9107
2020-11-02 | 1.1652 | 0.9006
2020-12-01 | 1.1968 | 0.8975
## Source
Kept for both companies by the partner desk; specimen figures.
""")
